"""Measures the service as it is released: bench_service.py RELEASE_FOLDER WORK_FOLDER CATALOG

Prints a report in Markdown. What is asked of the service stands beside what was measured. The load and the service share
the machine; how much of it the load took is printed.
"""

import atexit
import contextlib
import datetime
import json
import shutil
import sqlite3
import subprocess
import time

from bench_parts import (
    CATALOG, CONNECTIONS, PROGRAM, QUERIES, RELEASE, ROWS, WORK, Service, load, queries, row, upload_catalog)

DAYS, CONJUNCTIONS = 112, 150_000
SECONDS, WARM_SECONDS = 20, 20
SUBSCRIBERS = 5_000
ORDERS = "tca", "probability", "miss_distance", "relative_speed", "maximum_probability", "first_seen", "data_age"
ASKED = 100
IDLE_SECONDS = 30


def first_start():
    """From nothing to the first screened catalog."""
    folder = WORK / "first"
    shutil.rmtree(folder, ignore_errors=True)
    service = Service(folder, "--catalog", CATALOG)
    row("ready after start, s", f"{service.ready_s:.2f}", "1")
    while not service.get("/conjunctions?limit=1")["items"]:
        time.sleep(0.05)
    first_s = time.monotonic() - service.started
    while not (runs := service.get("/runs?limit=1")["items"]) or runs[0]["state"] != "completed":
        time.sleep(0.05)
    shown_s, run = time.monotonic() - service.started, runs[0]
    peak_mb = service.memory_mb("VmHWM")
    time.sleep(IDLE_SECONDS)
    row("from start to the first conjunctions on the page, s", f"{first_s:.1f}", "60")
    row("from start to the whole screened catalog on the page, s", f"{shown_s:.1f}", "60")
    row("its conjunctions", f"{run['conjunctions']:,}")
    row("memory at most while screening, MB", f"{peak_mb:.0f}", "1,000")
    row(f"memory {IDLE_SECONDS} s after it, MB", f"{service.memory_mb('VmRSS'):.0f}", "200")
    service.stop()
    service = Service(folder, "--catalog", CATALOG)
    row("ready after a start with that store, s", f"{service.ready_s:.2f}", "1")
    time.sleep(IDLE_SECONDS)
    row(f"memory {IDLE_SECONDS} s after that, MB", f"{service.memory_mb('VmRSS'):.0f}", "200")
    service.stop()
    row("binary, MB", f"{PROGRAM.stat().st_size / 1e6:.0f}", "60")


def ingest():
    """A whole catalog, as somebody uploads it."""
    folder = WORK / "ingest"
    shutil.rmtree(folder, ignore_errors=True)
    service = Service(folder)
    count, seconds = upload_catalog(service)
    row(f"ingest of {count:,} element sets, s", f"{seconds:.2f}", "3")
    service.stop()


def seed():
    """A store of the size that is asked for; kept from one run of the bench to the next on the same day."""
    folder = WORK / "seeded"
    mark = folder / f"{datetime.date.today()}-{DAYS}-{CONJUNCTIONS}"
    if not mark.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        subprocess.run([RELEASE / "examples/seed_store", folder / "astroshield.db", CATALOG,
                        str(DAYS), str(CONJUNCTIONS)], check=True)
        mark.touch()
    return folder


def loads(folder):
    print("", f"Lists of {ROWS} rows, {CONNECTIONS} connections, {QUERIES:,} distinct queries with a Zipf spread, "
             f"{SECONDS} s after {WARM_SECONDS} s of the same:", "",
             "|  | requests/s | p50 ms | p99 ms | p99.9 ms | CPU of the service, µs per request | of the load |",
             "| --- | --: | --: | --: | --: | --: | --: |", sep="\n", flush=True)
    for cached in (True, False):
        service = Service(folder, SERVER__RESPONSE_CACHE=str(cached).lower())
        for name, file in queries().items():
            load(service, file, WARM_SECONDS)
            result, service_s, wrk_s = load(service, file, SECONDS)
            count = result["requests"]
            print(
                f"| {name}, response cache {'on' if cached else 'off'} | {count / result['seconds']:,.0f} "
                f"| {result['p50_ms']:.1f} | {result['p99_ms']:.1f} | {result['p999_ms']:.1f} "
                f"| {service_s / count * 1e6:.0f} | {wrk_s / count * 1e6:.0f} |", flush=True)
        memory_mb = service.memory_mb("VmRSS")
        service.stop()
        print(f"| memory after both, MB | {memory_mb:.0f} | | | | | |", flush=True)
    with contextlib.closing(sqlite3.connect(folder / "astroshield.db")) as database:
        count, = database.execute("SELECT count(*) FROM conjunctions").fetchone()
    print("", f"The store had {count:,} conjunctions at the end.", sep="\n")


def orders(folder):
    """Each order of the conjunctions by itself, and what has changed, one request after the other."""
    print("", f"The first {ROWS} conjunctions in each order, response cache off, from {ASKED} minutes of the week each, one request after "
             "the other:", "", "|  | p50 ms | p99 ms | slowest, ms | CPU of the service, ms per request |",
          "| --- | --: | --: | --: | --: |", sep="\n", flush=True)
    service = Service(folder, SERVER__RESPONSE_CACHE="false")
    now = datetime.datetime.now(datetime.timezone.utc)

    def ask(what, path):
        took, cpu_s = [], service.cpu_s()
        for asked in range(ASKED):
            minutes = asked * 6 * 1440 // ASKED
            begin = time.monotonic()
            service.get(path(minutes))
            took.append((time.monotonic() - begin) * 1e3)
        took.sort()
        print(f"| {what} | {took[ASKED // 2]:.1f} | {took[ASKED * 99 // 100 - 1]:.1f} | {took[-1]:.1f} "
              f"| {(service.cpu_s() - cpu_s) / ASKED * 1e3:.1f} |", flush=True)

    def at(minutes):
        return (now + datetime.timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:00Z")

    for order in ORDERS:
        for direction in ("ascending", "descending"):
            asked = f"sort={order}&direction={direction}&limit={ROWS}"
            ask(f"{order}, {direction}", lambda minutes: f"/conjunctions?tca_from={at(minutes)}&{asked}")
    ask("what has changed since", lambda minutes: f"/conjunctions/changes?since={at(-minutes)}")
    service.stop()


def on_demand(folder):
    service = Service(folder)
    row("ready after a start on 3 million sets, s", f"{service.ready_s:.2f}", "1")
    week = {"window_days": 7, "threshold_km": 5}
    answers = []

    def screen(what, asked):
        begin, cpu_s = time.monotonic(), service.cpu_s()
        answers.append(service.post("/screenings", asked | week))
        seconds, cpu_s = time.monotonic() - begin, service.cpu_s() - cpu_s
        row(f"on-demand screening, 7 days, {what}, s (CPU s)", f"{seconds:.2f} ({cpu_s:.1f})", "5")

    screen("of the ISS, right after the start", {"catalog_number": 25544})
    screen("of the ISS, again", {"catalog_number": 25544})
    row("its objects, conjunctions", f"{answers[-1]['objects']:,}, {len(answers[-1]['conjunctions'])}")
    screen("of a satellite among Starlinks", {"catalog_number": 56226})
    screen("of a geosynchronous one", {"catalog_number": 28884})
    screen("of an eccentric one", {"catalog_number": 8195})
    now = datetime.datetime.now(datetime.timezone.utc)
    start, stop = ((now + datetime.timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:00Z") for hours in (-1, 170))
    path = f"/api/v1/objects/25544/ephemeris?start={start}&stop={stop}&step_s=120&format=oem_kvn"
    status, _, message = service.ask("GET", path)
    if status != 200:
        raise SystemExit(f"{path}: {status} {message[:300]}")
    screen("of a posted ephemeris (OEM)", {"message": message.decode()})
    row("memory at most meanwhile, MB", f"{service.memory_mb('VmHWM'):.0f}", "1,000")
    service.stop()


def whole(folder):
    """A copy of the store screens its whole catalog, as if nobody had yet been told that it is there."""
    copy = WORK / "screened"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy)
    with contextlib.closing(sqlite3.connect(copy / "astroshield.db")) as database, database:
        database.execute("UPDATE consumers SET position = 0 WHERE consumer = 'runs'")
        (before,), = database.execute("SELECT count(*) FROM runs").fetchall()
    service = Service(copy)
    begin = time.monotonic()
    while len(runs := service.get("/runs?limit=100")["items"]) <= before or runs[0]["state"] != "completed":
        if time.monotonic() - begin > 300:
            raise SystemExit(f"no run is completed: {runs}")
        time.sleep(0.5)
    row("conjunctions of a run on that store", f"{runs[0]['conjunctions']:,}")
    row("memory at most while screening it, MB", f"{service.memory_mb('VmHWM'):.0f}", "1,000")
    time.sleep(IDLE_SECONDS)
    row(f"memory {IDLE_SECONDS} s after it, MB", f"{service.memory_mb('VmRSS'):.0f}", "200")
    service.stop()


def subscribers(folder):
    """A copy of the store, as the rule that raises the alerts stays in it."""
    copy = WORK / "subscribed"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy)
    service = Service(copy)
    url = f"ws://127.0.0.1:{service.port}/api/v1/stream"
    clients = subprocess.Popen([RELEASE / "examples/subscribers", url, service.key, str(SUBSCRIBERS)],
                               stdout=subprocess.PIPE, text=True)
    atexit.register(clients.kill)
    if clients.stdout.readline().strip() != "subscribed":
        raise SystemExit("not everybody could subscribe")
    row(f"memory with {SUBSCRIBERS:,} WebSockets, MB", f"{service.memory_mb('VmRSS'):.0f}")
    soon = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:00Z")
    nearest = service.get(f"/conjunctions?sort=miss_distance&relation=false&tca_from={soon}&limit=1")["items"][0]
    satellite = {"catalog_number": nearest["objects"][0]["catalog_number"]}
    watched = service.post("/watch-lists", {"name": "bench", "objects": [satellite]})
    service.post("/rules", {"name": "bench", "watch_list": watched["id"], "severity": "warning",
                            "max_miss_distance_km": nearest["miss_distance_km"] * 1.0001})
    result = json.loads(clients.stdout.readline())
    clients.wait()
    row(f"WebSockets of {SUBSCRIBERS:,} that had the alert", f"{result['told']:,}", f"{SUBSCRIBERS:,}")
    row("from the commit of the alert to the last of them, ms", f"{result['last_ms']:.0f}", "1,000")
    row("to half of them, to 99 %, ms", f"{result['p50_ms']:.0f}, {result['p99_ms']:.0f}")
    service.stop()


def main():
    print("|  | measured | asked |\n| --- | --: | --: |")
    first_start()
    ingest()
    folder = seed()
    on_demand(folder)
    whole(folder)
    subscribers(folder)
    loads(folder)
    orders(folder)


main()
