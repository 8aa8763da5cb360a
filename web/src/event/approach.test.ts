import { expect, it } from "vitest";

import { approachOf, halfFor, secondsBetween, straightApproach, windowOf } from "./approach";
import { GEOMETRY, STATES } from "./samples";

it("the least distance between the states of the service is the miss of its solution, at its TCA", () => {
  const approach = approachOf(...STATES, GEOMETRY.tca);
  if (approach === null) throw new Error("the states are of the same times");
  const { minimum, distanceKm, secondsFromTca } = approach;
  // SGP4's positions and velocities agree to some cm/s, over half a millisecond: below a meter by far.
  expect(Math.abs(minimum.distanceKm - GEOMETRY.miss_distance_km)).toBeLessThan(1e-5);
  expect(Math.abs(minimum.secondsFromTca)).toBeLessThan(1e-4);
  expect(secondsFromTca.map((at) => at.toFixed(6))).toEqual(["-5.000546", "-0.000546", "4.999454"]);
  // Five seconds at 7.33 km/s.
  expect(distanceKm[0]).toBeCloseTo(36.66, 1);
});

it("a straight line through the geometry has the same minimum", () => {
  const { minimum, secondsFromTca, distanceKm } = straightApproach(GEOMETRY.relative_position_km, GEOMETRY.relative_velocity_km_s, 10);
  expect(minimum.distanceKm).toBeCloseTo(GEOMETRY.miss_distance_km, 9);
  expect(minimum.secondsFromTca).toBeCloseTo(GEOMETRY.encounter_plane?.tca_shift_s ?? NaN, 9);
  expect([secondsFromTca[0], secondsFromTca.at(-1)]).toEqual([-10, 10]);
  expect(Math.min(...distanceKm)).toBeGreaterThanOrEqual(minimum.distanceKm);
});

it("two that do not move against each other stay as far as they are", () => {
  const { minimum, distanceKm } = straightApproach([0.003, 0, 0.004], [0, 0, 0], 10);
  expect(minimum.distanceKm).toBeCloseTo(0.005, 12);
  expect(new Set(distanceKm).size).toBe(1);
});

it("states of different times are no pair", () => {
  const [first, second] = STATES;
  expect(approachOf(first, second.slice(1), GEOMETRY.tca)).toBeNull();
  // One of which ends sooner, whichever of them.
  expect(approachOf(first, second.slice(0, -1), GEOMETRY.tca)).toBeNull();
  expect(approachOf(first.slice(0, -1), second, GEOMETRY.tca)).toBeNull();
  expect(approachOf(first.slice(0, -1), second.slice(1), GEOMETRY.tca)).toBeNull();
  expect(approachOf([], [], GEOMETRY.tca)).toBeNull();
});

it("times keep their microseconds", () => {
  expect(secondsBetween("2024-11-05T02:34:20.711546Z", "2024-11-05T02:34:20.711Z")).toBeCloseTo(-0.000546, 9);
  expect(secondsBetween("2024-11-05T02:34:20Z", "2024-11-05T02:35:20.25Z")).toBeCloseTo(60.25, 9);
});

it("the window is the shortest in which the two part to twenty times their miss", () => {
  expect(halfFor(0.1, 7.3)).toBe(10);
  expect(halfFor(4, 0.2)).toBe(600);
  expect(halfFor(1, 0)).toBe(3_600);
  expect(windowOf("2024-11-05T02:34:20.711546Z", 10)).toEqual({ start: "2024-11-05T02:34:10.711Z", stop: "2024-11-05T02:34:30.711Z", step_s: 10 / 120 });
});
