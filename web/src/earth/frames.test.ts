import { eciToEcf, eciToGeodetic, gstime, jday, sunPos } from "satellite.js";
import { describe, expect, it } from "vitest";

import { ISS } from "@/globe/recorded";
import { degrees, earthFixed, placeInWords, placeOf, siderealTime, sunDirection } from "./frames";

const TIMES = ["1999-12-31T23:59:59Z", "2024-11-03T13:17:20Z", "2026-11-29T18:00:00.250Z"].map((text) => new Date(text));

describe("frames of the Earth", () => {
  it("has the sidereal time of example 3-5 of Vallado, Fundamentals of Astrodynamics", () => {
    // 1992-08-20 12:14 UT1: 152.578 787 886 degrees.
    expect(degrees(siderealTime(Date.UTC(1992, 7, 20, 12, 14)))).toBeCloseTo(152.578787886, 6);
  });

  it.each(TIMES)("turns and places as satellite.js does at %s", (date) => {
    const sidereal = siderealTime(date.getTime());
    expect(sidereal).toBeCloseTo(gstime(date), 8);
    const position = { x: -4_000.5, y: 5_200.25, z: 2_100 };
    const fixed = earthFixed([position.x, position.y, position.z], sidereal);
    const theirs = eciToEcf(position, gstime(date));
    expect(fixed[0]).toBeCloseTo(theirs.x, 3);
    expect(fixed[1]).toBeCloseTo(theirs.y, 3);
    const place = placeOf(fixed);
    const geodetic = eciToGeodetic(position, gstime(date));
    expect(place.latitude_deg).toBeCloseTo(degrees(geodetic.latitude), 4);
    expect(place.longitude_deg).toBeCloseTo(degrees(geodetic.longitude), 4);
    // Its ellipsoid rounds: WGS 84 to the kilometer's third digit.
    expect(Math.abs(place.altitude_km - geodetic.height)).toBeLessThan(0.01);
  });

  it("turns TEME to ITRF as the service does, which has no orientation of the Earth for that time", () => {
    const fixed = earthFixed(ISS.teme, siderealTime(Date.parse(ISS.time)));
    // 1 mm.
    fixed.forEach((value, axis) => expect(value).toBeCloseTo(ISS.itrf[axis] ?? 0, 6));
  });

  it("places the poles", () => {
    const pole = placeOf([0, 0, 6_356.752314 + 500]);
    expect(pole.latitude_deg).toBeCloseTo(90, 9);
    expect(pole.altitude_km).toBeCloseTo(500, 5);
  });

  it.each(TIMES)("looks to the Sun where satellite.js sees it at %s", (date) => {
    const mine = sunDirection(date.getTime());
    const { rsun } = sunPos(jday(date));
    const size = Math.hypot(rsun.x, rsun.y, rsun.z);
    const cosine = (mine[0] * rsun.x + mine[1] * rsun.y + mine[2] * rsun.z) / size;
    // Two low-precision formulas, each good to 0.01 degrees.
    expect(degrees(Math.acos(Math.min(1, cosine)))).toBeLessThan(0.03);
  });

  it("writes places with their hemispheres", () => {
    expect(placeInWords({ latitude_deg: -12.34, longitude_deg: 45.67 })).toBe("12.3° S, 45.7° E");
  });
});
