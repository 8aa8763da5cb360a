/** What follows from element sets and states. */
import type { Schemas } from "@/api/client";
import { placeOf, type Place } from "@/earth/frames";
import { heights } from "@/globe/classes";

export type ElementSet = Schemas["ElementSetRow"];
export type Ephemeris = Schemas["EphemerisRow"];

export interface History {
  /** Epochs in seconds since 1970, the oldest first. */
  x: number[];
  meanMotion: number[];
  inclination: number[];
  eccentricity: number[];
  bstar: number[];
  perigee: number[];
  apogee: number[];
}

/** The history of elements as series for plots, from rows in any order. */
export function historyOf(rows: readonly ElementSet[]): History {
  const sorted = [...rows].sort((a, b) => Date.parse(a.epoch) - Date.parse(b.epoch));
  const height = sorted.map((row) => heights(row.mean_motion_rev_day, row.eccentricity));
  return {
    x: sorted.map(({ epoch }) => Date.parse(epoch) / 1_000),
    meanMotion: sorted.map((row) => row.mean_motion_rev_day),
    inclination: sorted.map((row) => row.inclination_deg),
    eccentricity: sorted.map((row) => row.eccentricity),
    bstar: sorted.map((row) => row.bstar_inv_earth_radii),
    perigee: height.map(({ perigee_km }) => perigee_km),
    apogee: height.map(({ apogee_km }) => apogee_km),
  };
}

export interface TrackPoint extends Place {
  timeMs: number;
}

/** The ground track of Earth-fixed states. */
export function trackOf({ states }: Pick<Ephemeris, "states">): TrackPoint[] {
  return states.flatMap(({ time, position_km: [x, y, z] }) =>
    x === undefined || y === undefined || z === undefined ? [] : [{ timeMs: Date.parse(time), ...placeOf([x, y, z]) }],
  );
}

/** A track in pieces that do not cross the edge of the map. */
export function pieces(track: readonly TrackPoint[]): TrackPoint[][] {
  const all: TrackPoint[][] = [];
  let before: TrackPoint | undefined;
  for (const point of track) {
    if (before === undefined || Math.abs(point.longitude_deg - before.longitude_deg) > 180) all.push([]);
    all.at(-1)?.push(point);
    before = point;
  }
  return all;
}

/** Where the track is at a time, between its points; null outside of it. */
export function placeAt(track: readonly TrackPoint[], timeMs: number): Place | null {
  const after = track.findIndex((point) => point.timeMs >= timeMs);
  const to = track[after];
  const from = track[Math.max(0, after - 1)];
  if (to === undefined || from === undefined || timeMs < from.timeMs) return null;
  const part = to.timeMs === from.timeMs ? 0 : (timeMs - from.timeMs) / (to.timeMs - from.timeMs);
  const turn = ((to.longitude_deg - from.longitude_deg + 540) % 360) - 180;
  return {
    latitude_deg: from.latitude_deg + part * (to.latitude_deg - from.latitude_deg),
    longitude_deg: ((from.longitude_deg + part * turn + 540) % 360) - 180,
    altitude_km: from.altitude_km + part * (to.altitude_km - from.altitude_km),
  };
}
