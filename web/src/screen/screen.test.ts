import { expect, test, vi } from "vitest";

import { BEFORE, bodyOf } from "./draft";
import { linesOf, screen, type Progress } from "./run";

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
  expect(bodyOf(draft, "utc").body).toEqual({ message: "1 25544U", catalog_number: 25544, window_days: 7, threshold_km: 10 });
});

test("what is missing or out of range is said at its field", () => {
  const problems = bodyOf({ ...BEFORE, window_days: "15", threshold_km: "" }, "utc").problems ?? new Map();
  expect([...problems.keys()]).toEqual(["window_days", "threshold_km", "catalog_number"]);
});

test("the start is UTC", () => {
  expect(bodyOf({ ...BEFORE, object: { catalog_number: 5 }, start: "2024-11-03T13:17" }, "utc").body?.start).toBe("2024-11-03T13:17:00.000Z");
});

// As the service answers, with what was found left out.
const RESULT = {
  start: "2024-11-03T13:17:20Z",
  stop: "2024-11-05T13:17:20Z",
  objects: 26812,
  conjunctions: [],
  not_screened: [],
  earth_orientation: null,
};
const SETTINGS = { build: null, environment: "laptop", api: "", stream: null, sign_in: { one_time_token: true, provider: null } };

function answering(...lines: unknown[]): void {
  vi.stubGlobal("fetch", async (input: Request | string) =>
    typeof input === "string"
      ? Response.json(SETTINGS)
      : new Response(inPieces(lines.map((line) => `${JSON.stringify(line)}\n`).join("")), { headers: { "content-type": "application/x-ndjson" } }),
  );
}

test("a screening is followed to its result", async () => {
  answering({ progress: { done: 1, of: 2 } }, { progress: { done: 2, of: 2 } }, { result: RESULT });
  const told: Progress[] = [];
  const result = await screen({ catalog_number: 25544 }, new AbortController().signal, (progress) => told.push(progress));
  expect(result).toEqual(RESULT);
  expect(told.map(({ done }) => done)).toEqual([1, 2]);
});

test("a screening that ends with a problem, or without an end, fails", async () => {
  const ask = () => screen({ catalog_number: 25544 }, new AbortController().signal, () => undefined);
  answering({ progress: { done: 1, of: 2 } }, { problem: { title: "the request cannot be done", status: 422 } });
  await expect(ask()).rejects.toMatchObject({ status: 422 });
  answering({ progress: { done: 1, of: 2 } });
  await expect(ask()).rejects.toThrow("the answer ended before its result");
});
