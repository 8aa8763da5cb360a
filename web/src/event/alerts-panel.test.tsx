import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";

import { AlertsPanel } from "./alerts-panel";
import { CONJUNCTION } from "./samples";

const SETTINGS = { build: "0.1.0", environment: "laptop", api: "", stream: null, sign_in: { one_time_token: true, provider: null } };

function show(cursor: string | null) {
  vi.stubGlobal("fetch", async (input: Request | string) => {
    if (typeof input === "string") return Response.json(SETTINGS);
    return Response.json({ items: [], next_cursor: cursor });
  });
  render(
    <QueryClientProvider client={new QueryClient()}>
      <AlertsPanel conjunction={CONJUNCTION} />
    </QueryClientProvider>,
  );
}

it("says that there is no alert only where all were looked through", async () => {
  show(null);
  expect(await screen.findByText(/None about this event\./)).toBeTruthy();
});

it("says among which alerts it looked where there are older ones", async () => {
  show("cursor");
  expect(await screen.findByText(/None among the newest 200 alerts of STARLINK-5738\./)).toBeTruthy();
  expect(screen.queryByText(/None about this event/)).toBeNull();
});
