import { expect, test } from "vitest";

import { bytes, count, distance, probability, signed, speed } from "./format";
import { leading, nameOf, riskOf } from "./words";

test.each([
  [0, "0"],
  [1.24e-5, "1.2 × 10⁻⁵"],
  [9.96e-5, "1.0 × 10⁻⁴"],
  [1e-12, "1.0 × 10⁻¹²"],
  [0.25, "0.25"],
  [1, "1.00"],
])("a probability of %d is %s", (value, text) => expect(probability(value)).toBe(text));

test.each([
  [0.0434, "43 m"],
  [0.9996, "1000 m"],
  [-0.25, "−250 m"],
  [1.234, "1.23 km"],
  [12.44, "12.4 km"],
  [35786.2, "35,786 km"],
])("a distance of %d km is %s", (km, text) => expect(distance(km)).toBe(text));

test("signs, speeds, counts and sizes have their units", () => {
  expect(signed(-0.1434)).toBe("−0.143");
  expect(signed(0)).toBe("+0.000");
  expect(speed(14.213)).toBe("14.21 km/s");
  expect(speed(0.0042)).toBe("4.2 m/s");
  expect(count(249447)).toBe("249,447");
  expect([bytes(999), bytes(1_400_000), bytes(2.5e9)]).toEqual(["999 B", "1.4 MB", "2.5 GB"]);
});

test("bands of risk begin at their thresholds", () => {
  expect([1e-4, 9.99e-5, 1e-7, 9.99e-8, 0].map(riskOf)).toEqual(["high", "elevated", "elevated", "low", "low"]);
});

test("the leading probability is that with covariances, where there is one, even when it is 0", () => {
  expect(leading({ probability: null, maximum_probability: 1e-3 })).toBe(1e-3);
  expect(leading({ probability: 0, maximum_probability: 1e-3 })).toBe(0);
});

test("an object without a name has its number", () => {
  expect(nameOf({ name: " ", catalog_number: 25544 })).toBe("Object 25544");
  expect(nameOf({ name: "ISS (ZARYA)", catalog_number: 25544 })).toBe("ISS (ZARYA)");
});
