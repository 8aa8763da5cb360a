import { expect, test } from "vitest";

import { ago, countdown, minute, span, time } from "./format";

test.each([
  [45, "45 s"],
  [-45, "45 s"],
  [720, "12 min"],
  [12_240, "3.4 h"],
  [181_440, "2.1 d"],
])("%d s are %s", (seconds, text) => expect(span(seconds)).toBe(text));

test("a countdown keeps its width, and goes on after the event", () => {
  const event = Date.parse("2026-11-29T12:00:00Z");
  expect(countdown(event, event - 183_845_000)).toBe("T−2d 03:04:05");
  expect(countdown(event, event - 900)).toBe("T−00:00:00");
  expect(countdown(event, event + 10_000)).toBe("T+00:00:10");
});

test("times are UTC unless the local zone is chosen, and say so", () => {
  expect(time("2026-11-29T17:04:05.678Z", "utc")).toBe("2026-11-29 17:04:05 UTC");
  expect(time("2026-11-29T17:04:05.678Z", "utc", 3)).toBe("2026-11-29 17:04:05.678 UTC");
  expect(time("2026-11-29T17:04:05Z", "local")).toMatch(/^2026-11-(29|30) \d\d:\d\d:05 [+−]\d\d:\d\d$/);
  expect(time("no time", "utc")).toBe("unknown");
});

test("what is to come is not said to have been", () => {
  const now = Date.parse("2026-11-29T12:00:00Z");
  expect(ago("2026-11-29T11:48:00Z", now)).toBe("12 min ago");
  expect(ago("2026-11-29T12:12:00Z", now)).toBe("in 12 min");
});

test("a time to the minute leaves out seconds and zone, which the heading names", () => {
  expect(minute("2024-11-03T18:09:07.577776Z", "utc")).toBe("2024-11-03 18:09");
  expect(minute("no time", "utc")).toBe("unknown");
});
