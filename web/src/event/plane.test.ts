import { expect, it } from "vitest";

import { frameOf, niceStep, planeOf, pointOf, SIGMAS, type PlaneView } from "./plane";
import { lettersOf } from "./plane-plot";
import { GEOMETRY } from "./samples";

const MARGINS = { left: 46, right: 8, top: 8, bottom: 34 };

function drawn(): PlaneView {
  const view = planeOf(GEOMETRY);
  if (view === null) throw new Error("there is a plane");
  return view;
}

it("the directions of the orbit, times the miss along x, are the parts of the miss that the service states", () => {
  const { directions, missXKm } = drawn();
  const parts = [GEOMETRY.miss_radial_km, GEOMETRY.miss_in_track_km, GEOMETRY.miss_cross_track_km];
  // The miss vector has a part along z, too, of the time to the true closest approach: 0.16 µs at 7.3 km/s.
  directions.forEach(({ x }, place) => expect(Math.abs(x * missXKm - (parts[place] ?? NaN))).toBeLessThan(2e-6));
});

it("the directions are unit vectors at right angles, as seen in the plane and along the line of sight", () => {
  const { directions } = drawn();
  for (const { x, y, toward } of directions) expect(x * x + y * y + toward * toward).toBeCloseTo(1, 12);
  const [r, i, c] = directions;
  if (r === undefined || i === undefined || c === undefined) throw new Error("three are due");
  // R × I = C in axes x, y, z that are right-handed, or the picture would be a mirror image.
  expect(r.x * i.y - r.y * i.x).toBeCloseTo(c.toward, 12);
  expect(r.y * i.toward - r.toward * i.y).toBeCloseTo(c.x, 12);
});

it("every point of an ellipse is as many standard deviations off as its name says", () => {
  const view = drawn();
  const { ellipse } = view;
  const given = GEOMETRY.encounter_plane?.covariance;
  if (ellipse === null || given == null) throw new Error("there is a covariance");
  const determinant = given.variance_x_km2 * given.variance_y_km2 - given.covariance_xy_km2 ** 2;
  const mahalanobis = (x: number, y: number) =>
    Math.sqrt((given.variance_y_km2 * x * x - 2 * given.covariance_xy_km2 * x * y + given.variance_x_km2 * y * y) / determinant);
  for (const sigmas of SIGMAS) {
    for (const angle of [0, 0.7, 1.9, 3.3, 5]) {
      const [x, y] = pointOf(view, ellipse, sigmas, angle);
      expect(mahalanobis(x - view.missXKm, y - view.missYKm)).toBeCloseTo(sigmas, 9);
    }
  }
  // The primary, at the origin, is as far off as the service says of the miss.
  expect(mahalanobis(-view.missXKm, -view.missYKm)).toBeCloseTo(given.mahalanobis_distance, 9);
});

it("everything that is drawn is inside the picture, and a kilometer is as long in x as in y", () => {
  const view = drawn();
  const frame = frameOf(view, 380, 300, MARGINS);
  const { ellipse } = view;
  if (ellipse === null) throw new Error("there is an ellipse");
  const points: [number, number][] = [[-view.radiusKm, 0], [0, view.radiusKm], [0, -view.radiusKm]];
  for (let angle = 0; angle < 6.3; angle += 0.1) points.push(pointOf(view, ellipse, 3, angle));
  for (const [xKm, yKm] of points) {
    const [x, y] = [frame.zeroX + xKm * frame.perKm, frame.zeroY - yKm * frame.perKm];
    expect(x).toBeGreaterThanOrEqual(MARGINS.left);
    expect(x).toBeLessThanOrEqual(380 - MARGINS.right);
    expect(y).toBeGreaterThanOrEqual(MARGINS.top);
    expect(y).toBeLessThanOrEqual(300 - MARGINS.bottom);
  }
});

it("ticks are multiples of 1, 2 or 5, with 0 among them, in digits that tell them apart", () => {
  expect([niceStep(1, 5), niceStep(9, 5), niceStep(0.031, 5)].map((step) => Number(step.toPrecision(6)))).toEqual([0.2, 2, 0.01]);
  const { ticksX, digits } = frameOf(drawn(), 380, 300, MARGINS);
  expect(ticksX).toContain(0);
  const words = ticksX.map((tick) => tick.toFixed(digits));
  expect(new Set(words).size).toBe(words.length);
});

it("objects that touch have no ellipse, and those without relative motion no plane", () => {
  const plane = GEOMETRY.encounter_plane;
  if (plane == null) throw new Error("there is a plane");
  const touching = planeOf({ ...GEOMETRY, encounter_plane: { ...plane, covariance: null } });
  expect(touching).toMatchObject({ ellipse: null });
  expect(planeOf({ ...GEOMETRY, encounter_plane: null })).toBeNull();
});

it("letters of directions that fall together do not cover each other", () => {
  const same = { x: 0.2, y: 0.6, toward: 0.77, means: "" };
  const letters = lettersOf([{ ...same, name: "R" }, { ...same, name: "I" }, { ...same, name: "C" }], 24);
  for (const [place, one] of letters.entries()) {
    for (const other of letters.slice(place + 1)) expect(Math.hypot(one.x - other.x, one.y - other.y)).toBeGreaterThanOrEqual(10);
  }
});
