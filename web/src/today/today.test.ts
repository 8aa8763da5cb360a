import { expect, test } from "vitest";

import { answering, feedTrouble } from "./data-panel";
import { readVisits, sinceMs, visitsAfter } from "./visits";

const FEED = { name: "file", kind: "element_sets", asked: "2026-11-29T17:52:50.438217Z", failures: 0, stale: false, stopped: false };
const HOUR_MS = 3_600_000;

test("who comes back within half an hour goes on with the visit", () => {
  const first = visitsAfter(null, 0);
  expect(first).toEqual({ seen: 0, before: null });
  expect(visitsAfter(first, HOUR_MS / 4)).toEqual({ seen: HOUR_MS / 4, before: null });
});

test("a later visit counts from the last sign of the one before", () => {
  const next = visitsAfter({ seen: 5 * HOUR_MS, before: HOUR_MS }, 20 * HOUR_MS);
  expect(next).toEqual({ seen: 20 * HOUR_MS, before: 5 * HOUR_MS });
  expect(sinceMs("visit", next, 20 * HOUR_MS)).toBe(5 * HOUR_MS);
  expect(sinceMs("8h", next, 20 * HOUR_MS)).toBe(12 * HOUR_MS);
});

test("in the first visit the last 24 hours count", () => {
  expect(sinceMs("visit", { seen: 0, before: null }, 30 * HOUR_MS)).toBe(6 * HOUR_MS);
});

test("a page that stays open goes on counting from now", () => {
  expect(sinceMs("8h", { seen: 0, before: null }, 400 * HOUR_MS)).toBe(392 * HOUR_MS);
});

test("what is kept and is none of ours is no visit", () => {
  expect(readVisits("no JSON")).toBeNull();
  expect(readVisits('{"seen":"yesterday"}')).toBeNull();
  expect(readVisits('{"seen":5,"before":null}')).toEqual({ seen: 5, before: null });
});

test("a feed's trouble is said with its reason, and none where it answers", () => {
  expect(feedTrouble(FEED)).toBeNull();
  expect(feedTrouble({ ...FEED, failures: 2, problem: "timed out" })).toBe("failed 2 times: timed out");
  expect(feedTrouble({ ...FEED, stale: true })).toBe("has sent nothing new for too long");
  expect(feedTrouble({ ...FEED, kind: null, stale: true })).toBeNull();
});

test("only feeds that were asked are said to answer, and those that are gone are not counted", () => {
  const unasked = { ...FEED, asked: null };
  const gone = { ...FEED, kind: null };
  expect(answering([FEED, FEED, gone])).toEqual({ words: "all 2 answer", isGood: true });
  expect(answering([FEED, unasked])).toEqual({ words: "1 of 2 answer; 1 not asked yet", isGood: false });
  expect(answering([gone])).toEqual({ words: "none is configured", isGood: false });
});
