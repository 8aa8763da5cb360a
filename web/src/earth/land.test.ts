import { describe, expect, it } from "vitest";

import { flat, landRings } from "./land";

describe("land on a flat map", () => {
  it("leaves a ring that does not reach the edge as it is", () => {
    const ring = [
      [10, 10],
      [20, 10],
      [20, 20],
      [10, 10],
    ];
    expect(flat(ring)).toEqual([ring]);
  });

  it("shows a ring across the edge at both edges, without a line through the map", () => {
    const rings = flat([
      [170, 60],
      [-170, 60],
      [-170, 70],
      [170, 70],
      [170, 60],
    ]);
    expect(rings.map((ring) => ring.map(([longitude]) => longitude))).toEqual([
      [-190, -170, -170, -190, -190],
      [170, 190, 190, 170, 170],
    ]);
  });

  it("closes a ring around a pole along it", () => {
    const [ring] = flat([
      [-120, -70],
      [0, -70],
      [120, -70],
      [-120, -70],
    ]);
    expect(ring?.slice(-2).map(([, latitude]) => latitude)).toEqual([-90, -90]);
  });

  it("has all land of the Earth and no line through the map", async () => {
    const rings = await landRings();
    expect(rings.length).toBeGreaterThan(100);
    for (const ring of rings) {
      ring.forEach(([longitude, latitude], at) => {
        const before = ring[at - 1];
        // Only along the pole a line is long.
        if (before !== undefined && latitude > -89) expect(Math.abs(longitude - before[0])).toBeLessThan(60);
      });
    }
  });
});
