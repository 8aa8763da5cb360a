import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, render, screen } from "@testing-library/react";
import { beforeEach, expect, test, vi } from "vitest";

import type { Schemas } from "@/api/client";
import { CONJUNCTION } from "@/event/samples";
import { ChangesPanel, together } from "./changes";

const LIST: Schemas["WatchListRow"] = {
  id: "01a2287f-0d1e-7a52-a1c0-55a4a5a1f9b7",
  name: "Ours",
  objects: [{ catalog_number: 55573 }],
  updated: "2026-11-29T18:01:12.1Z",
};
const CHANGES: Schemas["ConjunctionChanges"] = { since: "2026-11-28T18:00:00Z", new: [CONJUNCTION], raised: [], cleared: [] };

let answers: Record<string, unknown>;

beforeEach(() => {
  answers = { "/api/v1/watch-lists": { items: [LIST], next_cursor: null }, "/api/v1/conjunctions/changes": CHANGES };
  vi.stubGlobal("fetch", async (input: Request | string) => {
    if (typeof input === "string") {
      return Response.json({ build: null, environment: "laptop", api: "", stream: null, sign_in: { one_time_token: true, provider: null } });
    }
    const answer = answers[new URL(input.url).pathname];
    if (answer === undefined) throw new TypeError("Failed to fetch");
    return Response.json(answer);
  });
});

function panel(client: QueryClient, from: string) {
  return (
    <QueryClientProvider client={client}>
      <ChangesPanel visit={{ since: "24h", setSince: () => undefined, from, isFirst: false }} />
    </QueryClientProvider>
  );
}

test("what was read stays while and where it cannot be read anew", async () => {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const { rerender } = render(panel(client, "2026-11-28T18:00:00.000Z"));
  expect(await screen.findByText("STARLINK-5738 – STARLINK-30121")).toBeDefined();

  delete answers["/api/v1/conjunctions/changes"];
  await act(() => client.invalidateQueries());
  expect((await screen.findByRole("alert")).textContent).toContain("since then: the service does not answer");
  expect(screen.getByText("STARLINK-5738 – STARLINK-30121")).toBeDefined();

  // The time moves on: another question.
  rerender(panel(client, "2026-11-28T18:05:00.000Z"));
  expect(screen.getByText("STARLINK-5738 – STARLINK-30121")).toBeDefined();
  expect((await screen.findByRole("alert")).textContent).toContain("since then: the service does not answer");
  expect(screen.getByText("STARLINK-5738 – STARLINK-30121")).toBeDefined();

  answers["/api/v1/conjunctions/changes"] = { ...CHANGES, new: [] };
  await act(() => client.invalidateQueries());
  expect(await screen.findByText("No new event.")).toBeDefined();
  expect(screen.queryByRole("alert")).toBeNull();
});

test("changes of several lists are in the order of one, and each event is there once", () => {
  const event = (id: string, probability: number, tca = CONJUNCTION.tca) => ({ ...CONJUNCTION, id, probability, tca });
  const before = { at: "2026-11-28T18:00:00Z", leading_probability: 1e-7, miss_distance_km: 1 };
  const raised = (id: string, probability: number) => ({ conjunction: event(id, probability), before });
  const one = { ...CHANGES, new: [event("a", 1e-4), event("b", 1e-6)], raised: [raised("r", 1e-5)], cleared: [event("x", 0, "2024-11-06T00:00:00Z")] };
  const other = { ...CHANGES, new: [event("c", 1e-5), event("b", 1e-6)], raised: [raised("s", 1e-4)], cleared: [event("y", 0, "2024-11-05T23:59:59.5Z")] };
  const all = together([one, other]);
  expect(all.new.map(({ id }) => id)).toEqual(["a", "c", "b"]);
  expect(all.raised.map(({ conjunction }) => conjunction.id)).toEqual(["s", "r"]);
  expect(all.cleared.map(({ id }) => id)).toEqual(["y", "x"]);
  expect(all.cut.size).toBe(0);
});

test("there may be more where one list was cut, not where two that are whole have many together", () => {
  const some = (count: number, name: string) => Array.from({ length: count }, (_, at) => ({ ...CONJUNCTION, id: `${name}${at}` }));
  const whole = together([
    { ...CHANGES, new: some(30, "a") },
    { ...CHANGES, new: some(30, "b") },
  ]);
  expect([whole.new.length, whole.cut.has("new")]).toEqual([60, false]);
  expect(together([{ ...CHANGES, new: some(50, "a") }]).cut.has("new")).toBe(true);
});

test("lists that are not looked at are named", async () => {
  const lists = Array.from({ length: 10 }, (_, at) => ({ ...LIST, id: `01a2287f-0d1e-7a52-a1c0-55a4a5a1f9b${at}`, name: `List ${at}` }));
  answers["/api/v1/watch-lists"] = { items: lists, next_cursor: null };
  render(panel(new QueryClient(), "2026-11-28T18:00:00.000Z"));
  expect(await screen.findByText("Not looked at: the watch lists List 8, List 9.")).toBeDefined();
});
