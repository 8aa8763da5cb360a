import { expect, test } from "vitest";

import { slicesDone } from "./provider";

test("progress of one run is not shown as that of another", () => {
  const run = { id: "01a2286d-86aa-7d76-b9aa-a0eee1b20fd6", slices_done: 3 };
  expect(slicesDone(run, { run: run.id, slicesDone: 17, slices: 29 })).toBe(17);
  expect(slicesDone(run, { run: "01a2286d-86aa-7d76-b9aa-a0eee1b20fd7", slicesDone: 17, slices: 29 })).toBe(3);
  expect(slicesDone(run, null)).toBe(3);
});
