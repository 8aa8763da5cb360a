import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";

import { Webhooks } from "./webhooks";

// As the service answered, when the page read it.
const READ = {
  id: "01a2286d-e550-7f21-9856-48609328fdf8",
  name: "ops",
  url: "https://hooks.example.org/x",
  enabled: true,
  created: "2026-11-29T17:50:20.496611Z",
  retired_until: null,
};
const ETAG = '"1VWHkGwnNBYI-0zTbk5XGw"';
// What a colleague made of it since.
const MOVED = { ...READ, url: "https://hooks.example.org/moved" };

let put: { match: string | null; body: unknown }[];
let refused: boolean;

beforeEach(() => {
  put = [];
  refused = false;
  vi.stubGlobal("fetch", async (input: Request | string) => {
    if (typeof input === "string") {
      return Response.json({ build: null, environment: "laptop", api: "", stream: null, sign_in: { one_time_token: true, provider: null } });
    }
    const path = new URL(input.url).pathname;
    if (path === "/api/v1/session") return Response.json({ tenant: "local", name: "operator", scope: "admin" });
    if (path === "/api/v1/webhooks") return Response.json({ items: [READ], next_cursor: null });
    if (input.method !== "PUT") return Response.json(MOVED, { headers: { etag: ETAG } });
    put.push({ match: input.headers.get("if-match"), body: await input.json() });
    if (!refused) return Response.json(MOVED);
    const problem = { type: "urn:astroshield:problem:precondition-failed", title: "it was changed since it was read", status: 412, instance: path, request_id: "1" };
    return Response.json(problem, { status: 412 });
  });
});

function show() {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <QueryClientProvider client={client}>
      <Webhooks />
    </QueryClientProvider>,
  );
}

it("turning a webhook off leaves what a colleague changed since the page read it", async () => {
  show();
  await userEvent.click(await screen.findByRole("button", { name: "Turn off ops" }));
  await waitFor(() => expect(put).toEqual([{ match: ETAG, body: { name: "ops", url: MOVED.url, enabled: false } }]));
});

it("renaming a webhook does so, too", async () => {
  show();
  await userEvent.click(await screen.findByRole("button", { name: "Change ops" }));
  const dialog = await screen.findByRole("dialog");
  await userEvent.type(within(dialog).getByLabelText("Name"), "!");
  await userEvent.click(within(dialog).getByRole("button", { name: "Change" }));
  await waitFor(() => expect(put).toEqual([{ match: ETAG, body: { name: "ops!", url: MOVED.url, enabled: true } }]));
});

it("who is written over by a colleague in the same moment is told", async () => {
  refused = true;
  show();
  await userEvent.click(await screen.findByRole("button", { name: "Turn off ops" }));
  expect(await screen.findByText(/it was changed since it was read/)).toBeDefined();
});
