import { describe, expect, it } from "vitest";

import { historyOf, pieces, placeAt, trackOf, type ElementSet } from "./derive";

// As the service answered of object 25544.
const SET: ElementSet = {
  catalog_number: 25_544,
  name: "ISS (ZARYA)",
  international_designator: "1998-067A",
  epoch: "2024-10-31T13:56:02.456736Z",
  mean_motion_rev_day: 15.50886758,
  eccentricity: 0.0008966,
  inclination_deg: 51.6392,
  raan_deg: 359.7717,
  argument_of_perigee_deg: 122.2149,
  mean_anomaly_deg: 237.971,
  bstar_inv_earth_radii: 0.00060166,
  mean_motion_dot_rev_day2: 0.0003518,
  mean_motion_ddot_rev_day3: 0,
  element_set_number: 999,
  revolution_at_epoch: 47_970,
  source: "file",
  grade: "gp",
  ingest: "01a2286d-710e-7818-b85d-599373019d15",
  arrived: "2026-11-29T17:49:50.753248Z",
};
const STATES = [
  { time: "2024-11-03T13:17:20Z", position_km: [-4130.212265337825, 3404.1731263547144, 4171.146895355997], velocity_km_s: [-1.3368334083960562, -6.210820379689174, 3.7238423294687264] },
  { time: "2024-11-03T13:18:20Z", position_km: [-4202.5827710622125, 3024.364002267785, 4384.815516222893], velocity_km_s: [-1.0749428166999568, -6.44505344522761, 3.3957353881964245] },
];

describe("the history of elements", () => {
  it("goes from the oldest epoch on, with the heights that the service has for the object", () => {
    const history = historyOf([SET, { ...SET, epoch: "2024-10-30T13:56:02Z" }]);
    expect(history.x[0]).toBeLessThan(history.x[1] ?? 0);
    expect(history.perigee[1]).toBeCloseTo(408.0498156354279, 4);
    expect(history.apogee[1]).toBeCloseTo(420.2297227515455, 4);
  });
});

describe("the ground track", () => {
  it("is below the states, and between them on the way", () => {
    const track = trackOf({ states: STATES });
    expect(track[0]?.latitude_deg).toBeCloseTo(38.1, 0);
    expect(track[0]?.longitude_deg).toBeCloseTo(140.5, 0);
    const half = placeAt(track, Date.parse("2024-11-03T13:17:50Z"));
    expect(half?.longitude_deg).toBeCloseTo(((track[0]?.longitude_deg ?? 0) + (track[1]?.longitude_deg ?? 0)) / 2, 9);
    expect(placeAt(track, Date.parse("2024-11-03T13:19:00Z"))).toBeNull();
  });

  it("is cut at the edge of the map, and found there the short way round", () => {
    const at = (timeMs: number, longitude_deg: number) => ({ timeMs, longitude_deg, latitude_deg: 0, altitude_km: 400 });
    const track = [at(0, 170), at(10, 179), at(20, -172), at(30, -163)];
    expect(pieces(track).map((piece) => piece.length)).toEqual([2, 2]);
    const place = placeAt(track, 15);
    expect(Math.abs(place?.longitude_deg ?? 0)).toBeCloseTo(176.5, 9);
    expect(place?.longitude_deg).toBeLessThan(0);
  });
});
