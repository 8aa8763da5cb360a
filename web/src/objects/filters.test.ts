import { describe, expect, it } from "vitest";

import { addressOf, askedOf, filtersOf } from "./filters";

describe("filters of objects", () => {
  it("stand in the address and come back from it", () => {
    const filters = { search: "starlink", kind: "payload" as const, owner: "us", minPerigee: "500", maxApogee: "600" };
    const address = addressOf(filters);
    expect(address).toBe("?search=starlink&kind=payload&owner=us&min_perigee_km=500&max_apogee_km=600");
    expect(filtersOf(new URLSearchParams(address))).toEqual(filters);
  });

  it("leave nothing in the address where nothing is chosen", () => {
    expect(addressOf(filtersOf(new URLSearchParams()))).toBe("");
    expect(askedOf(filtersOf(new URLSearchParams()))).toEqual({});
  });

  it("ask the service in its names, with numbers as numbers and codes of owners in capitals", () => {
    const filters = filtersOf(new URLSearchParams("search= iss &owner=iss&min_perigee_km=1,000&max_apogee_km=high"));
    expect(askedOf(filters)).toEqual({ search: "iss", owner: "ISS", min_perigee_km: 1_000 });
  });

  it("do not know kinds that there are not", () => {
    expect(filtersOf(new URLSearchParams("kind=ufo")).kind).toBe("");
  });
});
