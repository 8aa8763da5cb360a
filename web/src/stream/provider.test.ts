import { expect, test } from "vitest";

import { progressAfter, slicesDone, type Progress } from "./provider";

const RUN = { id: "01a2286d-86aa-7d76-b9aa-a0eee1b20fd6", slices_done: 3 };
const OTHER = { id: "01a2286d-86aa-7d76-b9aa-a0eee1b20fd7", slices_done: 5 };
const NONE: Progress = new Map();
const WENT_ON = [
  { type: "run_progressed", run: RUN.id, slices_done: 17, slices: 29 },
  { type: "run_progressed", run: OTHER.id, slices_done: 8, slices: 10 },
];

test("progress of one run is not shown as that of another", () => {
  const progress = progressAfter(NONE, { type: "run_progressed", run: RUN.id, slices_done: 17, slices: 29 });
  expect(slicesDone(RUN, progress)).toBe(17);
  expect(slicesDone(OTHER, progress)).toBe(5);
  expect(slicesDone(RUN, NONE)).toBe(3);
});

test("runs that are on at once go on beside each other, and the end of one leaves the other", () => {
  const both = WENT_ON.reduce(progressAfter, NONE);
  expect([slicesDone(RUN, both), slicesDone(OTHER, both)]).toEqual([17, 8]);
  const one = progressAfter(both, { type: "run_completed", run: OTHER.id });
  expect([slicesDone(RUN, one), slicesDone(OTHER, one)]).toEqual([17, 5]);
  expect(progressAfter(one, { type: "run_failed", run: RUN.id }).size).toBe(0);
});

test("an event of something else is no progress", () => {
  const both = WENT_ON.reduce(progressAfter, NONE);
  expect(progressAfter(both, { type: "run_started", run: RUN.id })).toBe(both);
  expect(progressAfter(both, { type: "alert_changed", alert: RUN.id })).toBe(both);
});
