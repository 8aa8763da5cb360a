"""Runs the benchmark and prints its report as Markdown: bench_report.py ASTROSHIELD PYTHON CATALOG [SECTION...].

CPU time and peak memory are what the system accounts to the whole process of a job, reading and writing of files included.
This process stays small, because a child's peak memory counts from its parent's.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from statistics import median

ASTROSHIELD, PYTHON, CATALOG = sys.argv[1:4]
SECTIONS = sys.argv[4:] or ["propagation", "screening", "scale"]
PEERS = [PYTHON, str(Path(__file__).with_name("bench_peers.py"))]

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
START = "2024-11-01T00:00:00"
THRESHOLD_KM = 5
REGIMES = ["near-earth", "deep-space", "whole"]
DEMO_START = "2026-01-01T00:00:00"
DEMO_OBJECTS = [5_000, 10_000, 20_000, 50_000, 100_000]
DEMO_THRESHOLDS_KM = [1, 5, 10, 50]
# Objects times threshold beyond which a day has ten million events and more.
DEMO_LIMIT = 1_000_000
BUSY_FRACTION = 0.05


@dataclass
class Job:
    cpu_s: float
    wall_s: float
    peak_mb: float
    stdout: str


def run(*command):
    print("bench:", *command, file=sys.stderr)
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        start = time.perf_counter()
        child = subprocess.Popen([str(word) for word in command], stdout=stdout, stderr=stderr)
        _, status, usage = os.wait4(child.pid, 0)
        wall_s = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        stdout.seek(0)
        stderr.seek(0)
        if child.returncode != 0:
            sys.exit(f"bench: failed: {stderr.read().decode()}")
        return Job(usage.ru_utime + usage.ru_stime, wall_s, usage.ru_maxrss / 1024, stdout.read().decode())


def peer(*arguments):
    job = run(*PEERS, *arguments)
    return job, json.loads(job.stdout)


def screen(catalog, start, days, threshold_km, threads, output, *more):
    options = ["--start", start, "--days", days, "--threshold-km", threshold_km, "--threads", threads]
    return run(ASTROSHIELD, "screen", catalog, *options, "--output", output, *more)


def count_rows(path):
    with open(path, "rb") as file:
        return sum(1 for _ in file) - 1


def cargo_bench(name, *arguments):
    job = run("cargo", "bench", "--locked", "--quiet", "-p", "astroshield-astro", "--bench", name, "--", *arguments)
    return [line.split("\t")[1:] for line in job.stdout.splitlines() if line.startswith(name)]


def table(*rows):
    head, *body = ([str(cell) for cell in row] for row in rows)
    marks = ["---"] + ["--:"] * (len(head) - 1)
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, marks, *body]) + "\n"


def propagation(folder):
    rates = defaultdict(list)
    for _ in range(ROUNDS):
        for name, regime, path, rate, _ in cargo_bench("propagation", CATALOG):
            ours = {"batch": f"AstroShield, {path}", "scalar": "AstroShield, scalar"}
            rates[ours.get(name, f"{name.replace('-', ' ')}"), regime].append(float(rate))
        for key, rate in peer("propagation", CATALOG)[1].items():
            rates[tuple(key.split("/"))].append(rate)
    middle = {key: median(values) for key, values in rates.items()}
    names = [name for name in dict.fromkeys(name for name, _ in middle) if (name, "deep-space") in middle]
    best = {regime: max(middle[name, regime] for name in names if name.startswith("AstroShield")) for regime in REGIMES}

    def cell(name, regime):
        rate = middle[name, regime]
        return f"{rate:.1f}" + ("" if name.startswith("AstroShield") else f" (x {best[regime] / rate:.1f})")

    print("## Propagation\n")
    print("Million states (position and velocity, f64) per CPU second; in brackets how many times faster our fastest path is.\n")
    print(table(["", *REGIMES], *([name, *(cell(name, regime) for regime in REGIMES)] for name in names)))

    states = folder / "scalar_positions.f64"
    rows = []
    for name, regime, path, largest, p999, _ in cargo_bench("accuracy", CATALOG, states):
        rows.append((f"AstroShield, {path}", regime, float(largest), float(p999)))
    for key, values in peer("accuracy", CATALOG, states, 210)[1].items():
        rows.append((*key.split("/"), *values))
    print("Difference of position from our scalar code in the same mode, over a week:\n")
    print(
        table(
            ["", "objects", "largest, km", "99.9 %, km"],
            *([name, regime, f"{largest:.1e}", f"{p999:.1e}"] for name, regime, largest, p999 in rows),
        )
    )


def screening(folder):
    jobs = defaultdict(list)
    calls = []
    ours_day, ours_week, theirs_day = folder / "ours_day.csv", folder / "ours_week.csv", folder / "astroz_day.csv"
    for _ in range(ROUNDS):
        jobs["day"].append(screen(CATALOG, START, 1, THRESHOLD_KM, 1, ours_day))
        job, call = peer("screening", CATALOG, START, 1, THRESHOLD_KM, theirs_day)
        jobs["astroz"].append(job)
        calls.append(call)
        for threads in (1, 2):
            jobs[f"week {threads}"].append(screen(CATALOG, START, 7, THRESHOLD_KM, threads, ours_week))
    cpu = {name: median(job.cpu_s for job in runs) for name, runs in jobs.items()}
    wall = {name: median(job.wall_s for job in runs) for name, runs in jobs.items()}
    peak = {name: max(job.peak_mb for job in runs) for name, runs in jobs.items()}
    call_cpu_s, events = median(call["cpu_s"] for call in calls), calls[0]["events"]

    def row(label, name, events):
        return [label, f"{cpu[name]:.1f}", f"{wall[name]:.1f}", f"{peak[name]:.0f}", f"{events:,}"]

    print(f"## Screening, all against all, {THRESHOLD_KM} km, from {START} UTC\n")
    print(
        table(
            ["", "CPU s", "wall s", "peak MB", "events"],
            row("AstroShield, 7 days, 1 thread", "week 1", count_rows(ours_week)),
            row("AstroShield, 7 days, 2 threads", "week 2", count_rows(ours_week)),
            row("AstroShield, 1 day, 1 thread", "day", count_rows(ours_day)),
            row("astroz, 1 day, its own threads", "astroz", events),
        )
    )
    print(f"- Two threads take {wall['week 2'] / wall['week 1']:.2f} of the wall time of one (seven days).")
    print(
        f"- One day: astroz' `screen` call alone takes {call_cpu_s:.1f} CPU s, "
        f"{call_cpu_s / cpu['day']:.1f} times our whole process.\n"
    )
    screen(CATALOG, START, 1, THRESHOLD_KM, 1, ours_day, "--relations", "all")
    comparison = peer("compare", CATALOG, START, 1, THRESHOLD_KM, ours_day, theirs_day)[1]
    print_comparison(comparison)


def print_comparison(comparison):
    tca_s = comparison["largest_tca_difference_s"]
    print(
        f"Event by event, one day. {comparison['relations']} pairs never part; we list each once, as a relation, unless "
        f"`--relations all` asks for their {comparison['minima_of_relations']:,} minima, as here.\n"
    )
    rows = [["found by both", f"{comparison['matched']:,}"]]
    for who, differences in (("astroz", comparison["only_astroz"]), ("AstroShield", comparison["only_ours"])):
        rows += [[f"only {who}: {reason}", f"{count:,}"] for reason, count in sorted(differences.items())]
    print(table(["", "events"], *rows))
    print(
        f"Of those that both find, ranges differ by at most {comparison['largest_range_difference_km'] * 1000:.1f} m "
        f"and times by {tca_s['above 1 km/s'] * 1000:.1f} ms above 1 km/s, {tca_s['all']:.2f} s for the slowest.\n"
    )
    for who, a, b, tca, range_km, speed in comparison["unexplained"]:
        print(f"- unexplained, {who}: {a} and {b}, {tca:.3f} s, {range_km:.6f} km, {speed:.3f} km/s")
    print("Unexplained:", len(comparison["unexplained"]), "\n")


def scale(folder):
    print("## Cost by number of objects and threshold\n")
    print("One day of the demo population, one thread, one run each: CPU seconds, peak memory, events.\n")
    rows = []
    for objects in DEMO_OBJECTS:
        catalog = folder / f"demo_{objects}.csv"
        run(ASTROSHIELD, "catalog", "demo", "--objects", objects, "--seed", 1, catalog)
        cells = [f"{objects:,}"]
        for threshold_km in DEMO_THRESHOLDS_KM:
            if objects * threshold_km > DEMO_LIMIT:
                cells.append("left out")
                continue
            output = folder / "demo_events.csv"
            job = screen(catalog, DEMO_START, 1, threshold_km, 1, output)
            cells.append(f"{job.cpu_s:.1f} s, {job.peak_mb:.0f} MB, {count_rows(output):,}")
        rows.append(cells)
    print(table(["objects", *(f"{threshold_km} km" for threshold_km in DEMO_THRESHOLDS_KM)], *rows))
    print("Left out are those with ten million events and more: the cost is then that of the events.\n")


def processor_seconds():
    """Seconds that all processors have spent on anything, and that this benchmark has."""
    with open("/proc/stat") as file:
        user, nice, system, _, _, irq, softirq, steal, *_ = map(int, file.readline().split()[1:])
    ours = os.times()
    everything = (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
    return everything, ours.user + ours.system + ours.children_user + ours.children_system


def machine():
    with open("/proc/cpuinfo") as file:
        names = {line.split(":", 1)[1].strip() for line in file if line.startswith("model name")}
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=True)
    print(f"- Date: {datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC; commit {commit.stdout.strip()}")
    print(f"- Machine: {', '.join(names)}, {os.cpu_count()} processors, {memory_gb:.0f} GB; Linux {platform.release()}")
    print(f"- Software: {rustc}; Python {platform.python_version()}")
    for requirement in Path(__file__).with_name("bench_requirements.txt").read_text().split():
        print(f"- Peer: {requirement}")
    print()


def main():
    wall, (everything, ours) = time.perf_counter(), processor_seconds()
    print("# Benchmark\n")
    machine()
    with tempfile.TemporaryDirectory() as folder:
        for section in SECTIONS:
            {"propagation": propagation, "screening": screening, "scale": scale}[section](Path(folder))
            sys.stdout.flush()
    wall = time.perf_counter() - wall
    everything_after, ours_after = processor_seconds()
    others = (everything_after - everything) - (ours_after - ours)
    fraction = max(others, 0.0) / (wall * os.cpu_count())
    print(f"Other work took {fraction:.0%} of the machine during these {wall / 60:.0f} minutes.")
    if fraction > BUSY_FRACTION:
        print("**The machine was not idle**: CPU seconds are too long by an unknown part; trust the ratios only.")


if __name__ == "__main__":
    main()
