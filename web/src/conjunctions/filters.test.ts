import { expect, it } from "vitest";

import { DEFAULTS, queryOf, read, write, type Filters } from "./filters";

const LIST = "01a2286d-86aa-7d76-b9aa-a0eee1b20fd6";
const REFERENCE_MS = Date.parse("2024-11-03T13:17:20Z");

function there(search: string) {
  return read(new URLSearchParams(search));
}

it("an empty address has the defaults: the most probable first, relations left out", () => {
  expect(there("")).toEqual({ filters: DEFAULTS, problems: [] });
  expect(write(DEFAULTS)).toBe("");
  expect(queryOf(DEFAULTS, null)).toEqual({ sort: "probability", relation: false });
});

it.each<Partial<Filters>>([
  { object: 25544 },
  { watchList: LIST, sort: "tca" },
  { withinHours: 24 },
  { from: "2024-11-03T13:17:00.000Z", to: "2024-11-04T13:17:00.000Z" },
  { maxMissKm: 0.5, minProbability: 1e-7 },
  { status: "cleared", relations: "only", sort: "miss_distance" },
  { relations: "all" },
  { sort: "data_age", backward: true },
])("filters come back from the address that they were written to: %o", (some) => {
  const filters = { ...DEFAULTS, ...some };
  expect(there(write(filters))).toEqual({ filters, problems: [] });
});

it.each([
  ["object=12345678901", "object"],
  ["object=-5", "object"],
  ["list=mine", "list"],
  ["within=0", "within"],
  ["within=soon", "within"],
  ["from=yesterday", "from"],
  ["miss=-1", "miss"],
  ["probability=1.5", "probability"],
  ["status=gone", "status"],
  ["relations=some", "relations"],
  ["sort=name", "sort"],
  ["order=up", "order"],
])("%s is left out, and said so", (search, name) => {
  const { filters, problems } = there(search);
  expect(filters).toEqual(DEFAULTS);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(`${name}=`);
});

it("an end before the beginning is left out", () => {
  const { filters, problems } = there("from=2024-11-04T00:00:00Z&to=2024-11-03T00:00:00Z");
  expect(filters.to).toBeUndefined();
  expect(filters.from).toBe("2024-11-04T00:00:00.000Z");
  expect(problems).toHaveLength(1);
});

it("a window of hours counts from the reference time", () => {
  expect(queryOf({ ...DEFAULTS, withinHours: 24 }, REFERENCE_MS)).toEqual({
    sort: "probability",
    relation: false,
    tca_from: "2024-11-03T13:17:20.000Z",
    tca_to: "2024-11-04T13:17:20.000Z",
  });
});

it("relations are left out, alone, or there with all others", () => {
  expect(queryOf({ ...DEFAULTS, relations: "only" }, null).relation).toBe(true);
  expect(queryOf({ ...DEFAULTS, relations: "all" }, null)).not.toHaveProperty("relation");
});

it("an order goes the other way than it usually does", () => {
  expect(queryOf({ ...DEFAULTS, sort: "tca", backward: true }, null)).toEqual({ sort: "tca", direction: "descending", relation: false });
  expect(queryOf({ ...DEFAULTS, sort: "relative_speed", backward: true }, null).direction).toBe("ascending");
});
