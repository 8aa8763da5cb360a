/** Distance of the two around closest approach. */
import type { Schemas } from "@/api/client";
import { dot, minus, norm, type Vector } from "./vector";

type State = Schemas["StateRow"];

/** Half the windows that one may look at, in s. */
export const HALVES_S = [10, 60, 600, 3_600] as const;

/** From one time to another, in s, to the microsecond, which a `Date` has not. */
export function secondsBetween(from: string, to: string): number {
  const [a, b] = [split(from), split(to)];
  return b.whole - a.whole + (b.part - a.part);
}

function split(text: string): { whole: number; part: number } {
  const [, second = "", digits = ""] = /^(.*?)(\.\d+)?Z$/.exec(text) ?? [];
  return { whole: Date.parse(`${second}Z`) / 1_000, part: digits === "" ? 0 : Number(`0${digits}`) };
}

/** The shortest of the windows in which the two part to at least twenty times their miss. */
export function halfFor(missKm: number, speedKmS: number): number {
  return HALVES_S.find((half) => half * speedKmS >= 20 * missKm) ?? 3_600;
}

export interface Approach {
  /** From TCA, in s. */
  secondsFromTca: number[];
  distanceKm: number[];
  minimum: { secondsFromTca: number; distanceKm: number };
}

const STEPS = 120;

/** What to ask of both objects: the same times. */
export function windowOf(tca: string, halfS: number): { start: string; stop: string; step_s: number } {
  // To the ms: the service's times have microseconds, those of the browser do not.
  const middle = Date.parse(tca);
  return {
    start: new Date(middle - halfS * 1_000).toISOString(),
    stop: new Date(middle + halfS * 1_000).toISOString(),
    step_s: halfS / STEPS,
  };
}

/** The time from here to closest approach, on straight lines. */
function toClosest(position: Vector, velocity: Vector): number {
  const squared = dot(velocity, velocity);
  return squared === 0 ? 0 : -dot(position, velocity) / squared;
}

/** The approach that the states of both tell; null where they are not of the same times, as when one ephemeris ends sooner. */
export function approachOf(first: readonly State[], second: readonly State[], tca: string): Approach | null {
  if (first.length !== second.length) return null;
  const points = [];
  for (const [place, one] of first.entries()) {
    const other = second[place];
    if (other === undefined || other.time !== one.time) return null;
    const position = minus(other.position_km, one.position_km);
    const velocity = minus(other.velocity_km_s, one.velocity_km_s);
    points.push({ at: secondsBetween(tca, one.time), position, velocity, distance: norm(position) });
  }
  const [start, next] = points;
  if (start === undefined) return null;
  const nearest = points.reduce((best, point) => (point.distance < best.distance ? point : best), start);
  const step = next === undefined ? 0 : Math.abs(next.at - start.at);
  // Between two states the motion is as good as straight.
  const shift = Math.max(-step, Math.min(step, toClosest(nearest.position, nearest.velocity)));
  const least = norm(nearest.position.map((component, axis) => component + (nearest.velocity[axis] ?? 0) * shift));
  return {
    secondsFromTca: points.map(({ at }) => at),
    distanceKm: points.map(({ distance }) => distance),
    minimum: { secondsFromTca: nearest.at + shift, distanceKm: least },
  };
}

/** The approach on a straight line through the geometry at TCA: where the states cannot be had. */
export function straightApproach(positionKm: Vector, velocityKmS: Vector, halfS: number): Approach {
  const distanceAt = (at: number) => norm(positionKm.map((component, axis) => component + (velocityKmS[axis] ?? 0) * at));
  const secondsFromTca = Array.from({ length: 2 * STEPS + 1 }, (_, place) => -halfS + (place * halfS) / STEPS);
  const closest = toClosest(positionKm, velocityKmS);
  return {
    secondsFromTca,
    distanceKm: secondsFromTca.map(distanceAt),
    minimum: { secondsFromTca: closest, distanceKm: distanceAt(closest) },
  };
}
