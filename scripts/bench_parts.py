"""What the benches of the service share: SCRIPT RELEASE_FOLDER WORK_FOLDER CATALOG"""

import atexit
import csv
import datetime
import gzip
import http.client
import json
import os
import random
import re
import resource
import signal
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path

RELEASE, WORK, CATALOG = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
PROGRAM = RELEASE / "astroshield"
QUERIES, SAMPLES, ROWS = 10_000, 200_000, 20
CONNECTIONS = 16
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
    """`astroshield serve` on a free port of the loopback. `more` is said in its configuration, too."""

    def __init__(self, folder, *options, more="", **settings):
        environment = os.environ | {f"ASTROSHIELD__{key}": value for key, value in settings.items()}
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "config.toml"
        config.write_text(NO_FEEDS + more)
        self.log = open(folder / "service.log", "w")
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "--config", config, "--data", folder, "--listen", "127.0.0.1:0", *options],
            stdout=subprocess.PIPE, stderr=self.log, text=True, env=environment)
        atexit.register(self.process.kill)
        link = self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)/(signin\?token=(\S+))?", link)
        if not found:
            raise SystemExit(f"no link but {link!r}; see {self.log.name}")
        self.port, token = int(found[1]), found[3]
        while self.ask("GET", "/health/ready")[0] != 200:
            time.sleep(0.005)
        self.ready_s = time.monotonic() - self.started
        if token:
            self.sign_in(token)

    def sign_in(self, token):
        origin = {"origin": f"http://127.0.0.1:{self.port}"}
        _, headers, _ = self.ask("POST", "/api/v1/session", {"token": token}, origin)
        session = {"cookie": headers["set-cookie"].split(";")[0]} | origin
        status, _, key = self.ask("POST", "/api/v1/api-keys", {"name": "bench", "scope": "write"}, session)
        if status != 201:
            raise SystemExit(f"no key: {status} {key[:300]}")
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


def upload_catalog(service):
    """Uploads 30,000 element sets, which are judged, kept as they are, and stored set by set: how many, and in how many seconds."""
    file = WORK / "demo.csv"
    today = f"{datetime.date.today()}"
    subprocess.run([PROGRAM, "catalog", "demo", "--objects", "30000", "--epoch", today, file], check=True)
    begin = time.monotonic()
    request = urllib.request.Request(
        f"http://127.0.0.1:{service.port}/api/v1/uploads?name=demo.csv", file.read_bytes(),
        {"authorization": f"Bearer {service.key}", "content-type": "application/octet-stream"})
    with urllib.request.urlopen(request, timeout=120) as answer:
        upload = json.loads(answer.read())
    return upload["records"], time.monotonic() - begin


def queries(now=None):
    """Distinct queries of each kind about the week from then on, and an order in which the k-th is asked for with a frequency of 1/k."""
    random.seed(1)
    with gzip.open(CATALOG, "rt") as file:
        objects = list(csv.DictReader(file))
    numbers = [row["NORAD_CAT_ID"] for row in objects]
    names = [row["OBJECT_NAME"] for row in objects if len(row["OBJECT_NAME"]) >= 3]
    now = now or datetime.datetime.now(datetime.timezone.utc)

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
