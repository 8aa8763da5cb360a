"""Measures the service on PostgreSQL, Redis, Kafka and S3 beside the one that is a single process, in one run:
bench_tiers.py RELEASE_FOLDER WORK_FOLDER CATALOG, with the variables that scripts/services prints.

Prints a report in Markdown. Load, servers and service share the machine.
"""

import datetime
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time

from bench_parts import CATALOG, CONNECTIONS, QUERIES, RELEASE, WORK, Service, load, queries, upload_catalog

ROUNDS = 3
EVENTS = 100_000
SECONDS, WARM_SECONDS = 15, 10
# A run of seven days of the whole catalog by two threads is kept short enough to be made several times.
SCREENING = """
[screening]
settle = "0s"
start_from_catalog = true
threads = {threads}
"""
FEED = f"""
[feeds.bench]
kind = "element_sets"
url = "file:{CATALOG}"
interval = "1h"
"""
NAMES = iter(range(1_000_000))


class Tiers:
    """A database and names of their own on the servers."""

    def __init__(self, work):
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        self.work = work
        self.name = f"astroshield_bench_{os.getpid()}_{next(NAMES)}"
        server = os.environ["ASTROSHIELD_TEST_POSTGRES_URL"]
        # A user whom row-level security binds, as in production.
        for statement in (f'CREATE ROLE "{self.name}" LOGIN', f'CREATE DATABASE "{self.name}" OWNER "{self.name}"'):
            subprocess.run(["psql", "--quiet", "--no-psqlrc", server, "--command", statement], check=True)
        self.environment = {
            "STORE__URL": server.rsplit("/", 1)[0].replace("//astroshield@", f"//{self.name}@") + "/" + self.name,
            "CACHE__URL": os.environ["ASTROSHIELD_TEST_REDIS_URL"],
            "BUS__PASSWORD": "secret",
        }
        os.environ |= {"AWS_ACCESS_KEY_ID": "astroshield", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "eu-central-1"}
        self.settings = f"""
[store]
kind = "postgres"
[blobs]
kind = "s3"
bucket = "astroshield"
prefix = "{self.name}"
endpoint = "{os.environ["ASTROSHIELD_TEST_S3"]}"
authorities_file = "{os.environ["ASTROSHIELD_TEST_S3_CA"]}"
[cache]
kind = "redis"
prefix = "{self.name}"
authorities_file = "{os.environ["ASTROSHIELD_TEST_REDIS_CA"]}"
[bus]
kind = "kafka"
brokers = "{os.environ["ASTROSHIELD_TEST_KAFKA"]}"
user = "astroshield"
prefix = "{self.name}-"
partitions = 4
replicas = 1
authorities_file = "{os.environ["ASTROSHIELD_TEST_KAFKA_CA"]}"
"""

    def start(self, roles, threads=1):
        folder = self.work / f"process-{next(NAMES)}"
        more = self.settings + SCREENING.format(threads=threads) + FEED
        return Service(folder, "--role", roles, more=more, **self.environment)


def screened(service):
    """Waits for the run of the whole catalog: seconds from its beginning to its last slice, and to its end."""
    began = slices = None
    while True:
        runs = service.get("/runs?limit=1")["items"]
        run = runs[0] if runs else None
        if run and began is None:
            began = time.monotonic()
        if run and slices is None and run["slices_done"] == run["slices"]:
            slices = time.monotonic() - began
        if run and run["state"] == "completed":
            return slices, time.monotonic() - began, run["conjunctions"]
        if run and run["state"] == "failed":
            raise SystemExit(f"a run failed: {run}")
        time.sleep(0.02)


def screening():
    """The same catalog by two threads of one process, and by two processes of one thread each, in turn."""
    embedded, spread, found = [], [], set()
    for _ in range(ROUNDS):
        folder = WORK / "embedded"
        shutil.rmtree(folder, ignore_errors=True)
        service = Service(folder, more=SCREENING.format(threads=2) + FEED)
        slices, whole, conjunctions = screened(service)
        embedded.append((slices, whole, service.cpu_s()))
        found.add(conjunctions)
        service.stop()

        tiers = Tiers(WORK / "tiers")
        others = tiers.start("api,relay,notify")
        workers = [tiers.start("screen"), tiers.start("screen")]
        feeder = tiers.start("ingest")
        slices, whole, conjunctions = screened(others)
        spread.append((slices, whole, sum(worker.cpu_s() for worker in workers)))
        found.add(conjunctions)
        for process in [feeder, *workers, others]:
            process.stop()
    if len(found) != 1:
        raise SystemExit(f"they found different numbers of conjunctions: {found}")

    def middle(measured):
        return [statistics.median(column) for column in zip(*measured)]

    one, two = middle(embedded), middle(spread)
    print(f"Screening of the whole catalog for seven days, {found.pop():,} conjunctions; medians of {ROUNDS} runs in turn:", "",
          "|  | two threads in one process, SQLite | two processes over Kafka, PostgreSQL | ratio |",
          "| --- | --: | --: | --: |", sep="\n")
    for what, index in (("to the last slice, s", 0), ("to the end of the run, s", 1), ("CPU of whoever screens, s", 2)):
        print(f"| {what} | {one[index]:.1f} | {two[index]:.1f} | {two[index] / one[index]:.2f} |", flush=True)


def reads(what, service):
    # The catalog is one of the past.
    begins = datetime.datetime.fromisoformat(service.get("/runs?limit=1")["items"][0]["window_start"])
    for name, file in queries(begins).items():
        load(service, file, WARM_SECONDS)
        result, service_s, wrk_s = load(service, file, SECONDS)
        count = result["requests"]
        print(f"| {name}, {what} | {count / result['seconds']:,.0f} | {result['p50_ms']:.1f} | {result['p99_ms']:.1f} "
              f"| {service_s / count * 1e6:.0f} | {wrk_s / count * 1e6:.0f} |", flush=True)


def ingest_and_reads():
    folder = WORK / "embedded"
    shutil.rmtree(folder, ignore_errors=True)
    embedded = Service(folder, more=SCREENING.format(threads=2) + FEED)
    screened(embedded)
    tiers = Tiers(WORK / "tiers")
    others = tiers.start("relay,notify,screen,ingest", threads=2)
    api = tiers.start("api")
    screened(api)
    print("", f"Lists, response cache on where nothing else is said, {CONNECTIONS} connections, {QUERIES:,} distinct queries with a Zipf spread, {SECONDS} s "
              f"after {WARM_SECONDS} s of the same (5,000 a second are asked):", "",
          "|  | requests/s | p50 ms | p99 ms | CPU of the service, µs per request | of the load |",
          "| --- | --: | --: | --: | --: | --: |", sep="\n", flush=True)
    reads("one process, SQLite", embedded)
    embedded.stop()
    embedded = Service(folder, more=SCREENING.format(threads=2) + FEED, SERVER__RESPONSE_CACHE="false")
    reads("one process, SQLite, response cache off", embedded)
    reads("on servers", api)
    # Last: what is uploaded is screened.
    print("", "|  | one process, SQLite | on PostgreSQL, S3, Redis, Kafka | asked |", "| --- | --: | --: | --: |", sep="\n")
    (count, one), (_, two) = upload_catalog(embedded), upload_catalog(api)
    print(f"| ingest of {count:,} element sets, s | {one:.2f} | {two:.2f} | 3 |", flush=True)
    for process in [embedded, api, others]:
        process.stop()


def events():
    print("", f"{EVENTS:,} events through outbox, relay and bus to a consumer (100,000 a minute are asked):", "",
          "|  | s | events a minute | CPU of the process, s |", "| --- | --: | --: | --: |", sep="\n")
    file = WORK / "events.db"
    for old in WORK.glob("events.db*"):
        old.unlink()
    for what, place in (("embedded, SQLite", ["sqlite", file]), ("PostgreSQL and Kafka", ["kafka"])):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([RELEASE / "examples/relay_events", str(EVENTS), *place], check=True, stdout=subprocess.PIPE)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        result = json.loads(done.stdout)
        cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(f"| {what} | {result['seconds']:.1f} | {result['events'] / result['seconds'] * 60:,.0f} | {cpu_s:.1f} |", flush=True)


SECTIONS = {"events": events, "screening": screening, "reads": ingest_and_reads}

if __name__ == "__main__":
    sections = sys.argv[4:] or list(SECTIONS)
    if unknown := set(sections) - set(SECTIONS):
        raise SystemExit(f"bench-tiers: no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    for section in sections:
        SECTIONS[section]()
