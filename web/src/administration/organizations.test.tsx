import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";

import { Organizations } from "./organizations";

const ITEMS = [
  { tenant: "local", name: "Local", created: "1970-01-01T00:00:00Z", closed: null },
  { tenant: "lunar-ops", name: "Lunar Operations", created: "2026-11-29T17:50:20.496611Z", closed: null },
  { tenant: "old", name: "Old", created: "2026-11-01T00:00:00Z", closed: "2026-11-29T18:00:00Z" },
];

let asked: { path: string; body: unknown }[];
let answer: () => Response;

beforeEach(() => {
  asked = [];
  answer = () => Response.json(ITEMS[1], { status: 201 });
  vi.stubGlobal("fetch", async (input: Request | string) => {
    if (typeof input === "string") {
      return Response.json({ build: null, environment: "laptop", api: "", stream: null, sign_in: { one_time_token: true, provider: null } });
    }
    if (input.method === "GET") return Response.json({ items: ITEMS, next_cursor: null });
    asked.push({ path: new URL(input.url).pathname, body: await input.json() });
    return answer();
  });
  render(
    <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
      <Organizations />
    </QueryClientProvider>,
  );
});

it("makes one and says what comes next, and says what is wrong", async () => {
  await userEvent.type(await screen.findByLabelText(/Identity/), "lunar-ops");
  await userEvent.type(screen.getByLabelText("Name"), "Lunar Operations");
  await userEvent.type(screen.getByLabelText(/first administrator/), "ann@example.org");
  answer = () => Response.json({ title: "conflict", status: 409, detail: "lunar-ops is taken" }, { status: 409 });
  await userEvent.click(screen.getByRole("button", { name: "Make it" }));
  expect((await screen.findByRole("alert")).textContent).toContain("lunar-ops is taken");
  answer = () => Response.json(ITEMS[1], { status: 201 });
  await userEvent.click(screen.getByRole("button", { name: "Make it" }));
  expect(await screen.findByText(/ann@example.org is invited/)).toBeDefined();
  expect(asked.at(-1)).toEqual({ path: "/api/v1/organizations", body: { tenant: "lunar-ops", name: "Lunar Operations", administrator: "ann@example.org" } });
});

it("removes one only where its identity was typed, and neither the platform's nor one that is being removed", async () => {
  expect(await screen.findByText("being removed")).toBeDefined();
  expect(screen.getAllByRole("button", { name: /^Remove / }).map((button) => button.getAttribute("aria-label"))).toEqual(["Remove lunar-ops"]);
  await userEvent.click(screen.getByRole("button", { name: "Remove lunar-ops" }));
  const dialog = await screen.findByRole("dialog");
  const remove = within(dialog).getByRole<HTMLButtonElement>("button", { name: "Remove everything" });
  expect(remove.disabled).toBe(true);
  await userEvent.type(within(dialog).getByLabelText("To confirm, type lunar-ops"), "lunar-ops");
  answer = () => new Response(null, { status: 202 });
  await userEvent.click(remove);
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(asked).toEqual([{ path: "/api/v1/organizations/removal", body: { tenant: "lunar-ops", confirm: "lunar-ops" } }]);
});
