import { expect, it } from "vitest";

import { ageDays, dilutionInWords, sigma, touches } from "./words";

// A row of the service, shortened.
const ROW = {
  tca: "2024-11-05T02:34:20.711546Z",
  miss_distance_km: 0.10057658752629253,
  miss_radial_km: 0.09526828397146064,
  miss_in_track_km: 0.028204422976554372,
  miss_cross_track_km: 0.015624165645778662,
  relative_speed_km_s: 7.331617683930837,
  maximum_probability: 0.036667831549799,
  dilution_km: 0.027132888808240933,
  probability: null,
  probability_method: "maximum" as const,
  at_edge: false,
  objects: [{ grade: "gp" as const }, { grade: "ephemeris" as const }],
};

it("without covariances nobody can tell whether a probability is diluted", () => {
  const said = dilutionInWords(ROW);
  expect(said).toContain("at an uncertainty of 27 m");
  expect(said).toContain("If it is larger, the probability is diluted");
  expect(said).toContain("nobody can tell which");
  // On the other side the probability falls with the uncertainty: better data confirms the miss, not the number.
  expect(said).toContain("better data then lowers it unless the miss shrinks");
});

it("says of errors of element sets only where an element set is among the data", () => {
  const errors = "errors of element sets are from some hundred meters";
  expect(dilutionInWords(ROW)).toContain(errors);
  const ofEphemerides = dilutionInWords({ ...ROW, objects: [{ grade: "ephemeris" }, { grade: "ephemeris" }] });
  expect(ofEphemerides).not.toContain(errors);
  expect(ofEphemerides).toMatch(/those of both are not used: nobody can tell which\.$/);
});

it("with covariances it says how far the probability is from the maximum, and does not guess the side", () => {
  const said = dilutionInWords({ ...ROW, probability: ROW.maximum_probability / 4, probability_method: "two_dimensional" });
  expect(said).toContain("25 % of the maximum");
  expect(said).not.toContain("nobody can tell which");
});

it("objects that touch have no scale at which the probability is largest, nor have those without relative motion", () => {
  expect(dilutionInWords({ ...ROW, dilution_km: 0 })).toContain("below the sum of the hard-body radii");
  expect(dilutionInWords({ ...ROW, dilution_km: null })).toContain("no encounter plane");
});

it("two touch where the miss is at most the sum of their radii", () => {
  const radii = [{ hard_body_radius_m: 10 }, { hard_body_radius_m: 10 }];
  expect(touches({ miss_distance_km: 0.0097 }, radii)).toBe(true);
  expect(touches({ miss_distance_km: 0.021 }, radii)).toBe(false);
});

it("the age of data counts to closest approach, as the geometry of the service has it", () => {
  expect(ageDays("2024-10-31T14:38:38.892768Z", ROW.tca)).toBeCloseTo(4.497011791412037, 7);
  expect(ageDays(null, ROW.tca)).toBeNull();
});

it("small lengths keep a digit", () => {
  expect(sigma(0.0070136982944294666)).toBe("7.0 m");
  expect(sigma(0.41)).toBe("410 m");
  expect(sigma(1.417)).toBe("1.42 km");
});
