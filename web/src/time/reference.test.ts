import { expect, test } from "vitest";

import { pastStart, silentSince } from "./reference";

// As the service answered: a catalog of the past, screened later.
const PAST = { as_of: "2026-11-29T17:49:56.266916Z", window_start: "2024-11-03T13:17:20Z", window_stop: "2024-11-10T13:17:20Z" };
const LIVE = { as_of: "2026-11-01T06:00:00Z", window_start: "2026-11-01T06:00:00Z", window_stop: "2026-11-08T06:00:00Z" };

test("a catalog of the past is one whose window begins long before its run", () => {
  expect(pastStart(PAST)).toBe(Date.parse("2024-11-03T13:17:20Z"));
  expect(silentSince(PAST, "2026-11-29T18:00:00Z")).toBeNull();
});

test("a live system whose screening stopped is silent, and no catalog of the past", () => {
  expect(pastStart(LIVE)).toBeNull();
  expect(silentSince(LIVE, "2026-11-08T05:59:59Z")).toBeNull();
  expect(silentSince(LIVE, "2026-11-08T06:00:01Z")).toBe("2026-11-01T06:00:00Z");
});
