import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { beforeEach, expect, test, vi } from "vitest";

import { Gathering, readAnew } from "./changed";

beforeEach(() => {
  vi.useFakeTimers();
  return () => vi.useRealTimers();
});

/** Events of one kind, one each 200 ms. */
async function change(gathering: Gathering, beginning: string, forMs: number): Promise<void> {
  for (let past = 0; past < forMs; past += 200) {
    gathering.add(beginning);
    await vi.advanceTimersByTimeAsync(200);
  }
}

test("a list that takes long is there under a steady stream of changes, and is read once more after the last of them", async () => {
  const client = new QueryClient();
  let readings = 0;
  const ended: number[] = [];
  const slow = async ({ signal }: { signal: AbortSignal }) => {
    readings += 1;
    const reading = readings;
    await new Promise((resolve, reject) => {
      setTimeout(resolve, 2_000);
      signal.addEventListener("abort", reject);
    });
    ended.push(reading);
    return reading;
  };
  const query = new QueryObserver(client, { queryKey: ["get", "/api/v1/conjunctions"], queryFn: slow });
  const stop = query.subscribe(() => undefined);
  await vi.advanceTimersByTimeAsync(2_000);
  const gathering = new Gathering((beginning) => readAnew(client, [beginning]));

  await change(gathering, "/api/v1/conjunctions", 20_000);
  await vi.advanceTimersByTimeAsync(10_000);
  // None was canceled, and there were not more than one each 3 s.
  expect(ended).toEqual(Array.from({ length: readings }, (_, place) => place + 1));
  expect(readings).toBeGreaterThan(5);
  expect(readings).toBeLessThan(10);
  gathering.close();
  stop();
});

test("many events at once are read once, and what changes while that is read is read after it", async () => {
  const began: number[] = [];
  const start = Date.now();
  const gathering = new Gathering(async () => {
    began.push(Date.now() - start);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  });
  for (let place = 0; place < 100; place += 1) gathering.add("/api/v1/runs");
  await vi.advanceTimersByTimeAsync(1_000);
  gathering.add("/api/v1/runs");
  await vi.advanceTimersByTimeAsync(10_000);
  expect(began).toEqual([500, 3_500]);
  // Later, the first change is read as soon as before.
  gathering.add("/api/v1/runs");
  await vi.advanceTimersByTimeAsync(500);
  expect(began.at(-1)).toBe(11_500);
  gathering.close();
});

test("an alert does not wait for a long list of something else, and nothing waits for ever", async () => {
  const read: string[] = [];
  const gathering = new Gathering((beginning) => {
    read.push(beginning);
    return beginning === "/api/v1/conjunctions" ? new Promise(() => undefined) : Promise.resolve();
  });
  gathering.add("/api/v1/conjunctions");
  await vi.advanceTimersByTimeAsync(500);
  gathering.add("/api/v1/alerts");
  gathering.add("/api/v1/conjunctions");
  await vi.advanceTimersByTimeAsync(500);
  expect(read).toEqual(["/api/v1/conjunctions", "/api/v1/alerts"]);
  await vi.advanceTimersByTimeAsync(61_000);
  expect(read.at(-1)).toBe("/api/v1/conjunctions");
  expect(read).toHaveLength(3);
  gathering.close();
});
