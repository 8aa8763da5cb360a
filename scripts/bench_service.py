"""Measures the service as it is released: bench_service.py RELEASE_FOLDER WORK_FOLDER CATALOG

Prints a report in Markdown. What is asked of the service stands beside what was measured. The load and the service share
the machine; how much of it the load took is printed.
"""

import atexit
import contextlib
import csv
import datetime
import gzip
import http.client
import json
import os
import random
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path

RELEASE, WORK, CATALOG = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
PROGRAM = RELEASE / "astroshield"
DAYS, CONJUNCTIONS = 112, 150_000
QUERIES, SAMPLES, ROWS = 10_000, 200_000, 20
CONNECTIONS, SECONDS, WARM_SECONDS = 16, 20, 20
SUBSCRIBERS = 5_000
IDLE_SECONDS = 30
HERE = Path(__file__).parent

NO_FEEDS = """
[feeds.celestrak-active]
enabled = false
[feeds.satcat]
enabled = false
[feeds.space-weather]
enabled = false
[feeds.earth-orientation]
enabled = false
[demo]
fallback = false
[log]
level = "warn"
"""


class Service:
    """`astroshield serve` on a free port of the loopback."""

    def __init__(self, folder, *options, **settings):
        environment = os.environ | {f"ASTROSHIELD__{key}": value for key, value in settings.items()}
        config = WORK / "config.toml"
        config.write_text(NO_FEEDS)
        self.log = open(WORK / "service.log", "w")
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "--config", config, "--data", folder, "--listen", "127.0.0.1:0", *options],
            stdout=subprocess.PIPE, stderr=self.log, text=True, env=environment)
        atexit.register(self.process.kill)
        link = self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)/signin\?token=(\S+)", link)
        if not found:
            raise SystemExit(f"no link but {link!r}; see {self.log.name}")
        self.port, token = int(found[1]), found[2]
        while self.ask("GET", "/health/ready")[0] != 200:
            time.sleep(0.005)
        self.ready_s = time.monotonic() - self.started
        origin = {"origin": f"http://127.0.0.1:{self.port}"}
        _, headers, _ = self.ask("POST", "/api/v1/session", {"token": token}, origin)
        session = {"cookie": headers["set-cookie"].split(";")[0]} | origin
        _, _, key = self.ask("POST", "/api/v1/api-keys", {"name": "bench", "scope": "write"}, session)
        self.key = json.loads(key)["key"]

    def ask(self, method, path, body=None, headers=None):
        headers = dict(headers or {})
        if hasattr(self, "key"):
            headers["authorization"] = f"Bearer {self.key}"
        if body is not None:
            body = json.dumps(body)
            headers["content-type"] = "application/json"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        except ConnectionRefusedError:
            return 0, {}, b""
        finally:
            connection.close()

    def get(self, path):
        status, _, body = self.ask("GET", "/api/v1" + path)
        if status != 200:
            raise SystemExit(f"{path}: {status} {body[:300]}")
        return json.loads(body)

    def post(self, path, body):
        status, _, answer = self.ask("POST", "/api/v1" + path, body)
        if status not in (200, 201):
            raise SystemExit(f"{path}: {status} {answer[:300]}")
        return json.loads(answer)

    def cpu_s(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self, what):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{what}:\s+(\d+) kB", status)[1]) / 1024

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(timeout=60) != 0:
            raise SystemExit(f"the service ended with {self.process.returncode}; see {self.log.name}")


def row(what, measured, asked=""):
    """Printed as soon as it is known: what ran before a failure is not lost."""
    print(f"| {what} | {measured} | {asked} |", flush=True)


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
    """A whole catalog, as somebody uploads it: judged, kept as it is, and stored set by set."""
    folder, file = WORK / "ingest", WORK / "demo.csv"
    shutil.rmtree(folder, ignore_errors=True)
    today = f"{datetime.date.today()}"
    subprocess.run([PROGRAM, "catalog", "demo", "--objects", "30000", "--epoch", today, file], check=True)
    service = Service(folder)
    begin = time.monotonic()
    request = urllib.request.Request(
        f"http://127.0.0.1:{service.port}/api/v1/uploads?name=demo.csv", file.read_bytes(),
        {"authorization": f"Bearer {service.key}", "content-type": "application/octet-stream"})
    with urllib.request.urlopen(request, timeout=120) as answer:
        upload = json.loads(answer.read())
    row(f"ingest of {upload['records']:,} element sets, s", f"{time.monotonic() - begin:.2f}", "3")
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


def queries():
    """Distinct queries of each kind, and an order in which the k-th is asked for with a frequency of 1/k."""
    random.seed(1)
    with gzip.open(CATALOG, "rt") as file:
        objects = list(csv.DictReader(file))
    numbers = [row["NORAD_CAT_ID"] for row in objects]
    names = [row["OBJECT_NAME"] for row in objects if len(row["OBJECT_NAME"]) >= 3]
    now = datetime.datetime.now(datetime.timezone.utc)

    def at(minutes):
        return (now + datetime.timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:00Z")

    def conjunctions():
        kind, start = random.random(), random.randrange(6 * 1440)
        if kind < 0.4:
            asked = f"object={random.choice(numbers)}"
        elif kind < 0.7:
            asked = f"tca_from={at(start)}&tca_to={at(start + random.choice([60, 360, 1440]))}"
        elif kind < 0.9:
            asked = f"tca_from={at(start)}&sort=probability"
        else:
            asked = f"tca_from={at(start)}&sort=miss_distance&max_miss_distance_km={random.uniform(0.1, 5):.3f}"
        return f"/api/v1/conjunctions?{asked}&limit={ROWS}"

    def search():
        kind = random.random()
        if kind < 0.3:
            text = random.choice(numbers)
        elif kind < 0.7:
            text = random.choice(names)
        else:
            name = random.choice(names)
            begin = random.randrange(len(name) - 2)
            text = name[begin:begin + random.randrange(3, 9)].strip() or "ISS"
        return f"/api/v1/objects?search={urllib.parse.quote(text)}&limit={ROWS}"

    files = {}
    for name, make in (("conjunction list", conjunctions), ("object search", search)):
        distinct = set()
        while len(distinct) < QUERIES:
            distinct.add(make())
        ranked = sorted(distinct)
        random.shuffle(ranked)
        weights = [1 / (rank + 1) for rank in range(QUERIES)]
        file = WORK / f"{name.replace(' ', '_')}.txt"
        file.write_text("\n".join(random.choices(ranked, weights, k=SAMPLES)) + "\n")
        files[name] = file
    return files


def load(service, file, seconds):
    cpu_s, own = service.cpu_s(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", HERE / "bench_service.lua",
         "-H", f"authorization: Bearer {service.key}", f"http://127.0.0.1:{service.port}", "--", file],
        check=True, capture_output=True, text=True)
    result = json.loads(re.search(r"RESULT (.*)", done.stdout)[1])
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    wrk_s = now.ru_utime + now.ru_stime - own.ru_utime - own.ru_stime
    if result["errors"]:
        raise SystemExit(f"{result['errors']} requests failed: {done.stdout}")
    return result, service.cpu_s() - cpu_s, wrk_s


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
    service = Service(copy)
    begin = time.monotonic()
    while (runs := service.get("/runs?limit=1")["items"])[0]["build"] == "seed" or runs[0]["state"] != "completed":
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


main()
