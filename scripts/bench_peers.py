"""The peers of the benchmark: astroz and python-sgp4, each job in a process of its own, and how ours compares.

Prints one JSON object. Runs in the environment that scripts/bench makes.
"""

import csv
import gzip
import json
import sys
import tempfile
import time
from collections import Counter, defaultdict
from datetime import datetime, timedelta, timezone
from functools import partial
from math import pi

import astroz
import numpy as np
from astroz.api import SatrecArray as AstrozArray
from sgp4.api import WGS72, Satrec, SatrecArray, accelerated

DEEP_SPACE_BELOW_REV_DAY = 6.4
SGP4_EPOCH = datetime(1949, 12, 31, tzinfo=timezone.utc)

# The same work for everybody: every object at 720 times, two minutes apart, from the newest epoch of the catalog on.
TIMES, STEP_MINUTES = 720, 2.0
RUNS = 3
# How many times astroz is given at once: the best size depends on the machine's caches, so that each is tried.
ASTROZ_TIMES_AT_ONCE = [20, 72, 240]


def read_catalog(path):
    with gzip.open(path, "rt", newline="") as file:
        return list(csv.DictReader(file))


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


def newest_epoch(rows):
    return utc(max(row["EPOCH"] for row in rows))


def astroz_constellation(rows):
    # By a file: given as text, names that end in digits make it take JSON for element sets in lines.
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(rows, file)
        file.flush()
        constellation = astroz.Constellation(file.name)
    if constellation.num_satellites != len(rows):
        sys.exit(f"astroz read {constellation.num_satellites} of {len(rows)} objects")
    return constellation


def python_sgp4(row, mode):
    radians = pi / 180.0
    satellite = Satrec()
    satellite.sgp4init(
        WGS72,
        mode,
        int(row["NORAD_CAT_ID"]),
        (utc(row["EPOCH"]) - SGP4_EPOCH) / timedelta(days=1),
        float(row["BSTAR"]),
        0.0,
        0.0,
        float(row["ECCENTRICITY"]),
        float(row["ARG_OF_PERICENTER"]) * radians,
        float(row["INCLINATION"]) * radians,
        float(row["MEAN_ANOMALY"]) * radians,
        float(row["MEAN_MOTION"]) * 2.0 * pi / 1440.0,
        float(row["RA_OF_ASC_NODE"]) * radians,
    )
    return satellite


def julian(start, minutes):
    """Julian dates, whole and fraction, so that no digits are lost."""
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    day = 2433281.5 + (midnight - SGP4_EPOCH).days
    return np.full(len(minutes), day), (start - midnight) / timedelta(days=1) + np.asarray(minutes) / 1440.0


def best_cpu_s(*runs):
    """The best of some runs, in CPU seconds of all threads."""

    def once(run):
        start = time.process_time()
        run()
        return time.process_time() - start

    return min(once(run) for run in runs)


def is_deep_space(row):
    return float(row["MEAN_MOTION"]) < DEEP_SPACE_BELOW_REV_DAY


def propagation(catalog):
    rows = read_catalog(catalog)
    start = newest_epoch(rows)
    minutes = np.arange(TIMES) * STEP_MINUTES
    rates = {}
    regimes = {
        "near-earth": [row for row in rows if not is_deep_space(row)],
        "deep-space": [row for row in rows if is_deep_space(row)],
        "whole": rows,
    }
    for regime, members in regimes.items():
        constellation = astroz_constellation(members)
        array = AstrozArray(constellation._satrecs)

        def by_propagate(chunks):
            for chunk in chunks:
                astroz.propagate(constellation, chunk, start_time=start, output="teme", velocities=True)

        def by_array(chunks):
            for chunk in chunks:
                array.sgp4(*julian(start, chunk))

        states = len(members) * TIMES
        chunkings = [np.split(minutes, TIMES // at_once) for at_once in ASTROZ_TIMES_AT_ONCE]
        for name, call in {"propagate": by_propagate, "SatrecArray": by_array}.items():
            seconds = best_cpu_s(*(partial(call, chunks) for chunks in chunkings))
            rates[f"astroz `{name}`/{regime}"] = states / seconds / 1e6

        sample = [python_sgp4(row, "a") for row in members[::10]]
        reference = SatrecArray(sample)
        seconds = best_cpu_s(*[lambda: reference.sgp4(*julian(start, minutes))] * RUNS)
        rates[f"python-sgp4/{regime}"] = len(sample) * TIMES / seconds / 1e6
    if not accelerated:
        sys.exit("python-sgp4 came without its C++ part")
    return rates


def accuracy(catalog, reference, step_minutes):
    """Largest and 99.9 % difference of position, in km, from scalar states in improved mode, which is astroz' mode."""
    rows = read_catalog(catalog)
    expected = np.fromfile(reference).reshape(len(rows), -1, 3)
    start = newest_epoch(rows)
    minutes = np.arange(expected.shape[1]) * float(step_minutes)
    # Objects that fail in the window apart.
    good = np.isfinite(expected).all(axis=(1, 2))
    deep = np.array([is_deep_space(row) for row in rows])

    constellation = astroz_constellation(rows)
    place = {number: place for place, number in enumerate(constellation.satnums)}
    order = [place[int(row["NORAD_CAT_ID"])] for row in rows]
    positions = {
        "astroz `propagate`": astroz.propagate(
            constellation, minutes, start_time=start, output="teme", velocities=True
        )[0].transpose(1, 0, 2)[order],
        "astroz `SatrecArray`": AstrozArray(constellation._satrecs).sgp4(*julian(start, minutes))[1][order],
        "python-sgp4": SatrecArray([python_sgp4(row, "i") for row in rows]).sgp4(*julian(start, minutes))[1],
    }
    result = {}
    for name, position in positions.items():
        for regime, members in {"near-earth": good & ~deep, "deep-space": good & deep}.items():
            difference = np.linalg.norm(position[members] - expected[members], axis=2)
            result[f"{name}/{regime}"] = [np.nanmax(difference), np.nanpercentile(difference, 99.9)]
    return result


def screening(catalog, start, days, threshold_km, output):
    constellation = astroz_constellation(read_catalog(catalog))
    cpu, wall = time.process_time(), time.perf_counter()
    events = astroz.screen(
        constellation, float(days) * 1440.0, threshold=float(threshold_km), step=0.5, start_time=utc(start)
    )
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    numbers = constellation.satnums
    with open(output, "w", newline="") as file:
        writer = csv.writer(file)
        for i, j, minute, range_km, speed in zip(*events):
            writer.writerow([numbers[i], numbers[j], minute * 60.0, range_km, speed])
    return {"cpu_s": cpu, "wall_s": wall, "events": len(events.i), "pairs": len(set(zip(events.i, events.j)))}


# Two times are of the same event if no more than this lies between them, or the pair moves no more meanwhile.
MATCH_S = 1.0
MATCH_KM = 0.05

ELEMENTS = [
    "EPOCH", "MEAN_MOTION", "ECCENTRICITY", "INCLINATION", "RA_OF_ASC_NODE", "ARG_OF_PERICENTER", "MEAN_ANOMALY", "BSTAR",
]  # fmt: skip


def match_s(speed_km_s):
    """How far apart two times of the same event may be: the slower the pair, the flatter its minimum."""
    return min(max(MATCH_S, MATCH_KM / max(speed_km_s, 1e-9)), 60.0)


class Referee:
    """Distances by python-sgp4 in AFSPC mode, which is neither ours nor astroz'."""

    def __init__(self, rows, start, duration_s):
        self.rows = {int(row["NORAD_CAT_ID"]): row for row in rows}
        self.start, self.duration_s = start, duration_s

    def distance_km(self, pair, seconds):
        seconds = np.asarray(seconds)
        a, b = (
            python_sgp4(self.rows[number], "a").sgp4_array(*julian(self.start, seconds / 60.0))[1] for number in pair
        )
        return np.linalg.norm(a - b, axis=1)

    def same_elements(self, pair):
        a, b = ([self.rows[number][key] for key in ELEMENTS] for number in pair)
        return a == b

    def minimum_km(self, pair, tca_s, speed_km_s):
        """The local minimum of the distance nearest to a time; None if there is none near, NaN if an object fails there.

        Steps of 10 ms, then the parabola through the three lowest points.
        """
        within_s = match_s(speed_km_s)
        seconds = np.arange(tca_s - within_s, tca_s + within_s, 0.01)
        square = self.distance_km(pair, seconds) ** 2
        if not np.isfinite(square).all():
            return np.nan
        lowest = 1 + np.flatnonzero((square[1:-1] <= square[:-2]) & (square[1:-1] <= square[2:]))
        if len(lowest) == 0:
            return None
        k = min(lowest, key=lambda k: abs(seconds[k] - tca_s))
        before, at, after = square[k - 1 : k + 2]
        curvature = before - 2.0 * at + after
        return float(np.sqrt(at - (after - before) ** 2 / (8.0 * curvature) if curvature > 0.0 else at))

    def within_at_edge(self, pair, tca_s, threshold_km):
        inward = 0.5 if tca_s < self.duration_s / 2.0 else -0.5
        at, inside = self.distance_km(pair, [tca_s, tca_s + inward])
        return at <= threshold_km and at <= inside


def read_ours(path, start):
    events = defaultdict(list)
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            pair = tuple(sorted((int(row["NORAD_CAT_ID_1"]), int(row["NORAD_CAT_ID_2"]))))
            tca_s = (utc(row["TCA"]) - start).total_seconds()
            flags = row["WINDOW_EDGE"], bool(row["RELATION"])
            events[pair].append((tca_s, float(row["TCA_RANGE"]), float(row["TCA_RELATIVE_SPEED"]), *flags))
    return events


def read_astroz(path):
    events = defaultdict(list)
    with open(path, newline="") as file:
        for a, b, *values in csv.reader(file):
            events[tuple(sorted((int(a), int(b))))].append(tuple(map(float, values)))
    return events


def match(ours, theirs):
    """Pairs the events of one pair of objects, the nearest in time first; what is left over on either side."""
    candidates = sorted(
        (abs(a[0] - b[0]), i, j)
        for i, a in enumerate(ours)
        for j, b in enumerate(theirs)
        if abs(a[0] - b[0]) <= match_s(max(a[2], b[2]))
    )
    taken_i, taken_j, matched = set(), set(), []
    for _, i, j in candidates:
        if i not in taken_i and j not in taken_j:
            taken_i.add(i)
            taken_j.add(j)
            matched.append((ours[i], theirs[j]))
    left = [event for i, event in enumerate(ours) if i not in taken_i]
    return matched, left, [event for j, event in enumerate(theirs) if j not in taken_j]


def compare(catalog, start, days, threshold_km, ours_path, theirs_path):
    """Every event of ours (all minima of relations included) against every event of astroz."""
    start, threshold_km = utc(start), float(threshold_km)
    referee = Referee(read_catalog(catalog), start, float(days) * 86400.0)
    ours, theirs = read_ours(ours_path, start), read_astroz(theirs_path)
    matched, only_ours, only_theirs = [], Counter(), Counter()
    unexplained = []

    def explain_theirs(pair, tca_s, speed):
        if referee.same_elements(pair):
            return "both have the same elements, and it takes rounding for minima"
        minimum_km = referee.minimum_km(pair, tca_s, speed)
        if minimum_km is None:
            return "the true distance has no minimum there"
        if minimum_km > threshold_km:
            return f"the true minimum is {(minimum_km - threshold_km) * 1e6:.0f} mm above the threshold"
        return None

    def explain_ours(pair, tca_s, speed, edge, relation):
        if edge:
            holds = referee.within_at_edge(pair, tca_s, threshold_km)
            return "at an edge of the window, flagged as such" if holds else None
        minimum_km = referee.minimum_km(pair, tca_s, speed)
        if minimum_km is not None and minimum_km <= threshold_km:
            return "a minimum that astroz misses, of a pair that never parts" if relation else "a minimum that astroz misses"
        return None

    for pair in ours.keys() | theirs.keys():
        both, left_ours, left_theirs = match(ours.get(pair, []), theirs.get(pair, []))
        matched += both
        for tca_s, range_km, speed, *flags in left_ours:
            reason = explain_ours(pair, tca_s, speed, *flags)
            only_ours[reason or "unexplained"] += 1
            if reason is None:
                unexplained.append(["ours", *pair, tca_s, range_km, speed])
        for tca_s, range_km, speed in left_theirs:
            reason = explain_theirs(pair, tca_s, speed)
            only_theirs[reason or "unexplained"] += 1
            if reason is None:
                unexplained.append(["astroz", *pair, tca_s, range_km, speed])

    of_relations = {pair: events for pair, events in ours.items() if events[0][-1]}
    tca_s = np.array([abs(a[0] - b[0]) for a, b in matched])
    fast = np.array([a[2] >= 1.0 for a, _ in matched])
    return {
        "matched": len(matched),
        "only_ours": only_ours,
        "only_astroz": only_theirs,
        "unexplained": unexplained,
        "largest_range_difference_km": max(abs(a[1] - b[1]) for a, b in matched),
        "largest_tca_difference_s": {"above 1 km/s": tca_s[fast].max(), "all": tca_s.max()},
        "relations": len(of_relations),
        "minima_of_relations": sum(map(len, of_relations.values())),
    }


JOBS = {"propagation": propagation, "accuracy": accuracy, "screening": screening, "compare": compare}

if __name__ == "__main__":
    json.dump(JOBS[sys.argv[1]](*sys.argv[2:]), sys.stdout, default=float)
