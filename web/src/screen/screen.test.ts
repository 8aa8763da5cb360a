import { expect, test } from "vitest";

import { BEFORE, bodyOf } from "./draft";
import { linesOf } from "./run";

function inPieces(...pieces: string[]): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece));
      controller.close();
    },
  });
}

test("lines are whole, wherever the pieces end", async () => {
  const lines: string[] = [];
  for await (const line of linesOf(inPieces('{"progress":{"do', 'ne":1,"of":4}}\n{"result"', ":1}\n", "\n", "{}"))) lines.push(line);
  expect(lines).toEqual(['{"progress":{"done":1,"of":4}}', '{"result":1}', "{}"]);
});

test("a message says with a number which object it is", () => {
  const draft = { ...BEFORE, of: "message" as const, message: "1 25544U", object: { catalog_number: 25544 } };
  expect(bodyOf(draft).body).toEqual({ message: "1 25544U", catalog_number: 25544, window_days: 7, threshold_km: 10 });
});

test("what is missing or out of range is said at its field", () => {
  const problems = bodyOf({ ...BEFORE, window_days: "15", threshold_km: "" }).problems ?? new Map();
  expect([...problems.keys()]).toEqual(["window_days", "threshold_km", "catalog_number"]);
});

test("the start is UTC", () => {
  expect(bodyOf({ ...BEFORE, object: { catalog_number: 5 }, start: "2024-11-03T13:17" }).body?.start).toBe("2024-11-03T13:17:00.000Z");
});
