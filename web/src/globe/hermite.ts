/** Between two states of an object: the cubic that has both positions and both velocities. The vertex shader has the same. */
import type { Path } from "./messages";

/** Weights of first position, first velocity, second position and second velocity, `part` of `spanS` seconds after the first. */
export function weights(part: number, spanS: number): readonly [number, number, number, number] {
  const squared = part * part;
  const cubed = squared * part;
  return [2 * cubed - 3 * squared + 1, (cubed - 2 * squared + part) * spanS, 3 * squared - 2 * cubed, (cubed - squared) * spanS];
}

/** Position of a path at a time, in km; null outside of it. */
export function positionOn(path: Path, timeMs: number): [number, number, number] | null {
  const at = (timeMs - path.startMs) / path.stepMs;
  const last = path.positionsKm.length / 3 - 1;
  if (!(at >= 0 && at <= last)) return null;
  const step = Math.min(Math.floor(at), last - 1);
  const [p0, v0, p1, v1] = weights(at - step, path.stepMs / 1_000);
  const of = (axis: number) => {
    const from = step * 3 + axis;
    return (
      p0 * (path.positionsKm[from] ?? Number.NaN) +
      v0 * (path.velocitiesKmS[from] ?? Number.NaN) +
      p1 * (path.positionsKm[from + 3] ?? Number.NaN) +
      v1 * (path.velocitiesKmS[from + 3] ?? Number.NaN)
    );
  };
  return [of(0), of(1), of(2)];
}

/** Speed on a path at a time, in km/s, between the speeds of its steps; null outside of it. */
export function speedOn(path: Path, timeMs: number): number | null {
  const at = (timeMs - path.startMs) / path.stepMs;
  const last = path.velocitiesKmS.length / 3 - 1;
  if (!(at >= 0 && at <= last)) return null;
  const step = Math.min(Math.floor(at), last - 1);
  const size = (from: number) => Math.hypot(...path.velocitiesKmS.subarray(from * 3, from * 3 + 3));
  return size(step) + (at - step) * (size(step + 1) - size(step));
}
