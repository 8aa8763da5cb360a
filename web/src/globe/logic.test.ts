import { describe, expect, it, vi } from "vitest";

import { kindInName, regimeOf } from "./classes";
import { AFTER_MS, BEFORE_MS, SLOW_MS, SimulationClock } from "./clock";
import { closest, distancesAround } from "./encounter";
import { ALL, apply, populationOf } from "./filter";
import { positionOn, speedOn } from "./hermite";
import type { Catalog, Path, States } from "./messages";
import { readOmmCsv } from "./omm";
import { OMM_CSV } from "./recorded";
import { DIMMED, HIDDEN, NORMAL } from "./scene/looks";
import { Timeline } from "./timeline";

/** A circle of a low orbit in the plane of x and y, from an angle on, moved up by some km. */
function circle(angle: number, up: number, stepMs: number, steps: number, rateSign = 1): Path {
  const radius = 7_000;
  const rate = (rateSign * 7.5) / radius;
  const positionsKm = new Float64Array(steps * 3);
  const velocitiesKmS = new Float64Array(steps * 3);
  for (let step = 0; step < steps; step += 1) {
    const at = angle + (rate * step * stepMs) / 1_000;
    positionsKm.set([radius * Math.cos(at), radius * Math.sin(at), up], step * 3);
    velocitiesKmS.set([-radius * rate * Math.sin(at), radius * rate * Math.cos(at), 0], step * 3);
  }
  return { startMs: 0, stepMs, positionsKm, velocitiesKmS };
}

describe("the catalog in CSV", () => {
  it("is read by the names of its columns, with quoted fields", () => {
    const rows = readOmmCsv(OMM_CSV.replace("SES-1", '"SES, 1 ""A"""'));
    expect(rows.map(({ NORAD_CAT_ID }) => NORAD_CAT_ID)).toEqual(["5", "22176", "25544", "36516"]);
    expect(rows[3]?.OBJECT_NAME).toBe('SES, 1 "A"');
    expect(rows[3]?.MEAN_MOTION).toBe("1.00270286");
  });
});

describe("classes", () => {
  it("tell the regime by the mean elements", () => {
    expect(regimeOf(15.5, 0.0009)).toBe("leo");
    expect(regimeOf(2.0056, 0.01)).toBe("meo");
    expect(regimeOf(1.0027, 0.0003)).toBe("geo");
    expect(regimeOf(2.006, 0.72)).toBe("heo");
    expect(regimeOf(2.25, 0.73)).toBe("heo");
  });

  it("read from a name what the custom of the catalog tells, and no more", () => {
    expect(kindInName("FENGYUN 1C DEB")).toBe("debris");
    expect(kindInName("DELTA 2 R/B(1)")).toBe("rocket_body");
    expect(kindInName("DEBUT (ORIZURU)")).toBe("unknown");
  });
});

describe("between two states", () => {
  it("a low orbit is good to 4 km over ten minutes and to a meter over ten seconds", () => {
    const error = (stepMs: number) => {
      const path = circle(0.3, 0, stepMs, 2);
      const exact = circle(0.3, 0, stepMs / 2, 2);
      const place = positionOn(path, stepMs / 2) ?? [0, 0, 0];
      return Math.hypot(...place.map((value, axis) => value - (exact.positionsKm[3 + axis] ?? 0)));
    };
    expect(error(600_000)).toBeLessThan(4);
    expect(error(10_000)).toBeLessThan(0.001);
  });

  it("has nothing outside of the path", () => {
    const path = circle(0, 0, 1_000, 10);
    expect(positionOn(path, 9_000)).not.toBeNull();
    expect(positionOn(path, 9_001)).toBeNull();
    expect(speedOn(path, -1)).toBeNull();
    expect(speedOn(path, 4_500)).toBeCloseTo(7.5, 9);
  });
});

describe("an encounter", () => {
  // They meet after 300 s, 3 km above each other.
  const paths: [Path, Path] = [circle(-300 * (7.5 / 7_000), 0, 1_000, 601), circle(300 * (7.5 / 7_000), 3, 1_000, 601, -1)];

  it("is closest where both are", () => {
    const least = closest(paths, 290_000);
    expect(least?.timeMs).toBeCloseTo(300_000, -1);
    expect(least?.km).toBeCloseTo(3, 3);
  });

  it("has distances against the seconds from its time", () => {
    const { x, km } = distancesAround(paths, 300_000, 10_000, 5_000);
    expect(x).toEqual([-10, -5, 0, 5, 10]);
    expect(km[2]).toBeCloseTo(3, 6);
    expect(km[0]).toBeCloseTo(Math.hypot(3, 150), 1);
  });
});

describe("the clock", () => {
  it("runs with its speed from where it was set, and not beyond a day before and a week after now", () => {
    const clock = new SimulationClock(1_000_000_000, 0);
    expect(clock.time(1_000)).toBe(1_000_001_000);
    clock.setSpeed(-60, 1_000);
    expect(clock.time(2_000)).toBe(1_000_001_000 - 60_000);
    clock.set(0, 2_000);
    expect(clock.time(2_000)).toBe(clock.present(2_000) - BEFORE_MS);
    clock.set(1e13, 2_000);
    expect(clock.time(2_000)).toBe(clock.present(2_000) + AFTER_MS);
    clock.reach(1e12);
    clock.set(1e12, 2_000);
    expect(clock.time(2_000)).toBe(1e12);
  });
});

describe("the clock, where an approach is played", () => {
  const tcaMs = 1_000_000_000;

  function played(speed: number): SimulationClock {
    const clock = new SimulationClock(tcaMs, 0);
    clock.reach(tcaMs);
    clock.set(tcaMs - 600_000, 0);
    clock.setSpeed(speed, 0);
    return clock;
  }

  it("runs as time does from half a minute before it, whenever the picture is drawn", () => {
    const clock = played(60);
    clock.advance(9_000);
    expect(clock.speed).toBe(60);
    // A picture that is late does not step over it: 9.5 s at sixty times are 570 s.
    clock.advance(10_000);
    expect(clock.speed).toBe(1);
    expect(clock.time(10_000)).toBe(tcaMs - SLOW_MS + 500);
  });

  it("lets be who goes faster after that, back, or plays nothing", () => {
    const fast = played(60);
    fast.advance(10_000);
    fast.setSpeed(60, 10_000);
    fast.advance(11_000);
    expect(fast.speed).toBe(60);
    const back = played(-60);
    back.set(tcaMs, 0);
    back.advance(2_000);
    expect(back.speed).toBe(-60);
    const none = played(60);
    none.reach(null);
    none.advance(20_000);
    expect(none.speed).toBe(60);
  });
});

describe("the timeline", () => {
  const states = (timeMs: number): States => ({ timeMs, positionsKm: new Float32Array(3), velocitiesKmS: new Float32Array(3), missing: 0 });

  it("asks for a pair, then for the next before it is due, and goes on without a gap", () => {
    const ask = vi.fn();
    const line = new Timeline(ask, () => undefined);
    line.want(0, 10);
    line.want(1, 10);
    expect(ask.mock.calls.map(([time]) => time)).toEqual([0]);
    line.hear(states(0));
    line.hear(states(10));
    expect([line.from?.timeMs, line.to?.timeMs]).toEqual([0, 10]);
    line.want(5, 10);
    line.hear(states(20));
    line.want(12, 10);
    expect([line.from?.timeMs, line.to?.timeMs]).toEqual([10, 20]);
    // The buffers of what is past go back to the worker.
    line.want(13, 10);
    expect(ask.mock.lastCall?.[0]).toBe(30);
    expect(ask.mock.lastCall?.[1]).toHaveLength(2);
  });

  it("jumps, backward too, and takes no answer to what it did not ask", () => {
    const ask = vi.fn();
    const line = new Timeline(ask, () => undefined);
    line.want(1_000, -10);
    line.hear(states(77));
    expect(line.from).toBeNull();
    line.hear(states(1_000));
    line.hear(states(990));
    expect([line.from?.timeMs, line.to?.timeMs]).toEqual([1_000, 990]);
    line.want(500, -10);
    expect(ask.mock.lastCall?.[0]).toBe(500);
  });
});

describe("the filter", () => {
  const catalog: Catalog = {
    count: 3,
    numbers: Int32Array.of(5, 22_176, 36_516),
    names: ["VANGUARD 1", "DELTA 2 R/B(1)", "SES-1"],
    designators: ["1958-002B", "1992-066B", "2010-016A"],
    regimes: Uint8Array.of(1, 1, 2),
    kinds: Uint8Array.of(3, 1, 3),
    perigeesKm: new Float32Array(3),
    apogeesKm: new Float32Array(3),
    epochsMs: new Float64Array(3),
  };

  it("hides classes and owners, dims what is not searched for, and counts all", () => {
    const population = populationOf(catalog, new Map([[5, { kind: "payload", owner: "US" }]]));
    expect(population.kindsKnown).toBe(true);
    const shown = apply(population, { ...ALL, search: "2010-016", hidden: new Set(["rocket_body"] as const) });
    expect([...shown.looks]).toEqual([DIMMED, HIDDEN, NORMAL]);
    expect(shown.places).toEqual([2]);
    expect(shown.counts.get("meo")).toBe(2);
    expect(shown.counts.get("payload")).toBe(1);
    expect([...apply(population, { ...ALL, owner: "US" }).looks]).toEqual([NORMAL, HIDDEN, HIDDEN]);
    expect([...apply(population, { ...ALL, highlight: "geo" }).looks]).toEqual([DIMMED, DIMMED, NORMAL]);
  });
});
