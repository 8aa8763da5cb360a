/** The distance of two objects around their closest approach. */
import { positionOn } from "./hermite";
import type { Path } from "./messages";

export function distanceAt([first, second]: readonly [Path, Path], timeMs: number): number | null {
  const a = positionOn(first, timeMs);
  const b = positionOn(second, timeMs);
  return a === null || b === null ? null : Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

/** Distances from `beforeMs` before a time to as long after it: x in seconds from it. */
export function distancesAround(paths: readonly [Path, Path], middleMs: number, beforeMs: number, stepMs: number): { x: number[]; km: (number | null)[] } {
  const steps = Math.floor((2 * beforeMs) / stepMs);
  const x = Array.from({ length: steps + 1 }, (_, step) => (step * stepMs - beforeMs) / 1_000);
  return { x, km: x.map((seconds) => distanceAt(paths, middleMs + seconds * 1_000)) };
}

/** Least distance within some minutes of a time, and when it is, to the millisecond. */
export function closest(paths: readonly [Path, Path], middleMs: number): { timeMs: number; km: number } | null {
  let best: { timeMs: number; km: number } | null = null;
  // Each round looks ten times closer around the best of the round before.
  for (const [reach, step] of [
    [600_000, 1_000],
    [1_000, 100],
    [100, 10],
    [10, 1],
  ] as const) {
    const around: number = best?.timeMs ?? middleMs;
    for (let away = -reach; away <= reach; away += step) {
      const km = distanceAt(paths, around + away);
      if (km !== null && (best === null || km < best.km)) best = { timeMs: around + away, km };
    }
  }
  return best;
}
