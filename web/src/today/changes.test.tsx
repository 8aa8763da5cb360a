import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, render, screen } from "@testing-library/react";
import { beforeEach, expect, test, vi } from "vitest";

import type { Schemas } from "@/api/client";
import { CONJUNCTION } from "@/event/samples";
import { ChangesPanel } from "./changes";

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
