"""Holds a running server against the OpenAPI document that it serves, with Schemathesis.

Usage: openapi.py ASTROSHIELD [argument of `schemathesis run`]...

Starts the server on a small catalog in a folder of its own, gives every list something to show, runs Schemathesis with a
fixed seed and bounded examples, and prints one line `openapi: N passed, N failed`, where N counts operations.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import xml.etree.ElementTree as ElementTree
from pathlib import Path

SEED = 20260101
EXAMPLES = 12
# A run that takes longer has met a server that hangs.
PATIENCE_S = 60
LONGEST_RUN_S = 600

HERE = Path(__file__).parent

SETTINGS = """
[server]
wrong_secrets_per_minute = 0
[screening]
settle = "0s"
days = 2
threads = 2
[notify]
allowed_networks = ["127.0.0.0/8"]
[demo]
fallback = false
"""

HEADER = (
    "OBJECT_NAME,OBJECT_ID,EPOCH,MEAN_MOTION,ECCENTRICITY,INCLINATION,RA_OF_ASC_NODE,ARG_OF_PERICENTER,MEAN_ANOMALY,"
    "EPHEMERIS_TYPE,CLASSIFICATION_TYPE,NORAD_CAT_ID,ELEMENT_SET_NO,REV_AT_EPOCH,BSTAR,MEAN_MOTION_DOT,MEAN_MOTION_DDOT\n"
)


# Alerts are about what is ahead.
TODAY = time.strftime("%Y-%m-%dT00:00:00", time.gmtime())


def element_set(number, inclination_deg, epoch=TODAY):
    """An object that does not exist; those of one height meet where their planes cross."""
    return f"TEST {number},2056-001A,{epoch},15,0,{inclination_deg},0,0,0,0,U,{number},999,1,0,0,0\n"


CATALOG = HEADER + "".join(element_set(81001 + index, 20 + 20 * index) for index in range(8))


class Server:
    """A server in a process of its own, and requests to it."""

    def __init__(self, binary, folder):
        (folder / "astroshield.toml").write_text(SETTINGS)
        (folder / "catalog.csv").write_text(CATALOG)
        (folder / "passphrase").write_text("correct horse\n")
        environment = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
        self.log = open(folder / "log", "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [binary, "serve", "--listen", "127.0.0.1:0", "--catalog", "catalog.csv"],
            cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log, text=True,
        )
        self.headers = {}
        for line in self.process.stdout:
            if found := re.match(r"AstroShield: (http://\S+)/signin\?token=(\S+)", line):
                self.address, token = found.groups()
                break
        else:
            raise SystemExit(f"openapi: the server ended: {(folder / 'log').read_text()}")
        # Nobody else reads what it prints.
        threading.Thread(target=self.process.stdout.read, daemon=True).start()
        self.sign_in(token)

    def send(self, method, path, body=None, kind="application/json"):
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        headers = dict(self.headers) | ({"Content-Type": kind} if data is not None else {})
        request = urllib.request.Request(self.address + "/api/v1" + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return json.loads(answer.read() or b"null"), answer.headers

    def sign_in(self, token):
        _, headers = self.send("POST", "/session", {"token": token})
        session = {"Cookie": headers["Set-Cookie"].split(";")[0], "Sec-Fetch-Site": "same-origin"}
        self.headers = session
        made, _ = self.send("POST", "/api-keys", {"name": "openapi", "scope": "admin"})
        self.headers = {"Authorization": "Bearer " + made["key"]}

    def until(self, path, is_right):
        began = time.monotonic()
        while not is_right(found := self.send("GET", path)[0]):
            if time.monotonic() - began > PATIENCE_S:
                raise SystemExit(f"openapi: {path} still answers {found}")
            time.sleep(0.1)
        return found

    def stop(self):
        self.process.terminate()
        try:
            return self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return None


def furnish(server):
    """Gives every list a row. Returns the identities that paths ask for."""
    rule = {"name": "all", "severity": "warning", "max_miss_distance_km": 1000, "relations": True}
    rule = server.send("POST", "/rules", rule)[0]["id"]
    watched = {"name": "mine", "objects": [{"catalog_number": 81001}]}
    watch_list = server.send("POST", "/watch-lists", watched)[0]["id"]
    webhook = server.send("POST", "/webhooks", {"name": "mine", "url": "https://127.0.0.1:9/", "enabled": False})[0]["id"]
    upload = (HEADER + element_set(81001, 20, TODAY.replace("T00", "T01"))).encode()
    upload = server.send("POST", "/uploads?name=mine.csv", upload, "application/octet-stream")[0]["id"]
    member = server.send("POST", "/members", {"email": "ann@example.org", "role": "viewer"})[0]["id"]
    is_there = lambda answer: bool(answer["items"])
    conjunction = server.until("/conjunctions", is_there)["items"][0]["id"]
    alert = server.until("/alerts", is_there)["items"][0]["id"]
    run = server.until("/runs", is_there)["items"][0]["id"]
    return {
        "conjunctions": conjunction, "alerts": alert, "runs": run, "uploads": upload, "rules": rule,
        "watch-lists": watch_list, "webhooks": webhook, "members": member, "objects": 81001,
    }


def configuration(ids):
    """Settings of Schemathesis: chance finds no identity, so that reading gets one that is there half of the time."""
    lines = (HERE / "openapi.toml").read_text()
    for kind, identity in ids.items():
        place = "path.number" if kind == "objects" else "path.id"
        lines += (
            f"\n[dictionaries.{kind}]\nvalues = [{json.dumps(identity)}]\n"
            f"\n[[operations]]\ninclude-path-regex = '^/api/v1/{kind}/\\{{'\ninclude-method = 'GET'\n"
            f"parameters = {{ '{place}' = {{ dictionary = '{kind}', probability = 0.5 }} }}\n"
        )
    return lines


def outcome(report):
    """How many operations of a JUnit report passed, and the names of those that failed."""
    cases = list(ElementTree.parse(report).iter("testcase"))
    failed = [case.get("name") for case in cases if case.find("failure") is not None or case.find("error") is not None]
    return len(cases) - len(failed), failed


def main():
    binary, *arguments = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="astroshield-openapi-") as folder:
        folder = Path(folder)
        server = Server(os.path.abspath(binary), folder)
        try:
            (folder / "schemathesis.toml").write_text(configuration(furnish(server)))
            report = folder / "report.xml"
            command = [
                # Not by its script, which names the folder that it was installed in.
                sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()", "--config-file", folder / "schemathesis.toml", "run",
                server.address + "/api/v1/openapi.json", "--header", "Authorization:" + server.headers["Authorization"],
                "--seed", str(SEED), "--max-examples", str(EXAMPLES), "--report", "junit",
                "--report-junit-path", report, *arguments,
            ]
            environment = os.environ | {"SCHEMATHESIS_HOOKS": "openapi_hooks", "PYTHONPATH": str(HERE)}
            done = subprocess.run(command, cwd=folder, env=environment, timeout=LONGEST_RUN_S)
        finally:
            status = server.stop()
            server.log.seek(0)
            log = server.log.read()
        passed, failed = outcome(report) if report.exists() else (0, [])
        if status != 0 or " a panic" in log:
            print(f"openapi: the server ended with status {status}:\n{log[-4000:]}")
            failed.append("the server")
        if done.returncode != 0 and not failed:
            failed.append(f"schemathesis: exit status {done.returncode}")
        if passed == 0:
            failed.append("no operation was tried")
        print(f"openapi: {passed} passed, {len(failed)} failed")
        sys.exit(1 if failed else 0)


main()
