import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";

import { ApiKeys } from "./api-keys";
import { Needs } from "./parts";

// As the service answered.
const KEY = { id: "01a2286d-e550-7f21-9856-48609328fdf8", name: "dev1", scope: "admin", created: "2026-11-29T17:50:20.496611Z", expires: null, revoked: null };
const SECRET = "ask_0123456789";

let scope: string;
let asked: { method: string; path: string; body: unknown }[];

beforeEach(() => {
  scope = "admin";
  asked = [];
  vi.stubGlobal("fetch", async (input: Request | string) => {
    if (typeof input === "string") {
      return Response.json({ build: null, environment: "laptop", api: "", stream: null, sign_in: { one_time_token: true, provider: null } });
    }
    const path = new URL(input.url).pathname;
    asked.push({ method: input.method, path, body: input.method === "POST" ? await input.json() : null });
    if (path === "/api/v1/session") return Response.json({ tenant: "local", name: "operator", scope });
    if (input.method === "POST") return Response.json({ ...KEY, name: "script", scope: "read", key: SECRET }, { status: 201 });
    return input.method === "DELETE" ? new Response(null, { status: 204 }) : Response.json({ items: [KEY], next_cursor: null });
  });
});

function show() {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <QueryClientProvider client={client}>
      <Needs scope="admin" what="API keys">
        <ApiKeys />
      </Needs>
    </QueryClientProvider>,
  );
}

it("shows the key that was made, once", async () => {
  show();
  await userEvent.type(await screen.findByLabelText("What it is for"), "script");
  await userEvent.click(screen.getByRole("button", { name: "Make a key" }));
  expect(await screen.findByDisplayValue(SECRET)).toBeDefined();
  expect(asked.find(({ method }) => method === "POST")?.body).toEqual({ name: "script", scope: "read" });
  await userEvent.click(screen.getByRole("button", { name: "I have kept it" }));
  expect(screen.queryByDisplayValue(SECRET)).toBeNull();
});

it("revokes a key only after it has asked", async () => {
  show();
  await userEvent.click(await screen.findByRole("button", { name: "Revoke dev1" }));
  const dialog = await screen.findByRole("dialog", { name: "Revoke the key dev1?" });
  expect(asked.some(({ method }) => method === "DELETE")).toBe(false);
  await userEvent.click(within(dialog).getByRole("button", { name: "Revoke" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(asked).toContainEqual({ method: "DELETE", path: `/api/v1/api-keys/${KEY.id}`, body: null });
});

it("tells others why they see none, and does not ask for them", async () => {
  scope = "write";
  show();
  expect(await screen.findByText("Only administrators (scope admin) may see API keys")).toBeDefined();
  expect(asked.map(({ path }) => path)).toEqual(["/api/v1/session"]);
});
