import { expect, test } from "vitest";

import { pastStart, silentSince } from "./reference";

const RUN = { as_of: "2026-11-01T06:00:00Z", window_stop: "2026-11-08T06:00:00Z" };
// As the service answered: a catalog of the past, screened later.
const PAST = { now: "2026-11-29T18:00:00Z", present: "2024-11-03T13:17:20Z", of_the_past: true };

test("of a catalog of the past, the service says what counts as now", () => {
  expect(pastStart(PAST)).toBe(Date.parse("2024-11-03T13:17:20Z"));
  expect(silentSince(PAST, { as_of: "2026-11-29T17:49:56.266916Z", window_stop: "2024-11-10T13:17:20Z" })).toBeNull();
});

test("a live system whose screening stopped is silent, and no catalog of the past", () => {
  const at = (now: string) => ({ now, present: now, of_the_past: false });
  expect(pastStart(at("2026-11-08T06:00:01Z"))).toBeNull();
  expect(silentSince(at("2026-11-08T05:59:59Z"), RUN)).toBeNull();
  expect(silentSince(at("2026-11-08T06:00:01Z"), RUN)).toBe("2026-11-01T06:00:00Z");
});
