import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";

import { Shell } from "@/shell/shell";
import { You } from "./you";

vi.mock("next/navigation", () => ({ usePathname: () => "/administration/", useRouter: () => ({ push: vi.fn() }) }));

const reload = vi.fn();
const replace = vi.fn();
let tenant: string;

beforeEach(() => {
  vi.clearAllMocks();
  tenant = "local";
  vi.stubGlobal("location", { origin: location.origin, pathname: "/administration/", search: "?part=you", reload, replace });
  vi.stubGlobal("fetch", async (input: Request | string) => {
    if (typeof input === "string") {
      return Response.json({ build: null, environment: "laptop", api: "", stream: null, sign_in: { one_time_token: true, provider: null } });
    }
    const path = new URL(input.url).pathname;
    if (path === "/api/v1/session") {
      if (input.method === "PUT") tenant = ((await input.json()) as { tenant: string }).tenant;
      return Response.json({ tenant, name: "dev8", scope: "admin" });
    }
    if (path === "/api/v1/session/organizations") {
      const items = ["local", "acme"].map((one) => ({ tenant: one, scope: "admin", active: one === tenant }));
      return Response.json({ items, next_cursor: null });
    }
    return Response.json({ items: [], next_cursor: null });
  });
});

function show(page: React.ReactNode): QueryClient {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(<QueryClientProvider client={client}>{page}</QueryClientProvider>);
  return client;
}

it("begins anew in the other organization", async () => {
  show(<You />);
  await userEvent.click(await screen.findByRole("button", { name: "Work in acme" }));
  await expect.poll(() => replace.mock.calls).toEqual([["/"]]);
});

it("keys of a single letter are on until somebody turns them off, which the browser remembers", async () => {
  show(<You />);
  const choice = await screen.findByRole<HTMLInputElement>("checkbox", { name: "Keys of a single letter or sign" });
  expect(choice.checked).toBe(true);
  await userEvent.click(choice);
  expect(choice.checked).toBe(false);
  expect(localStorage.getItem("astroshield.single-keys")).toBe("off");
  await userEvent.click(choice);
  expect(choice.checked).toBe(true);
  expect(localStorage.getItem("astroshield.single-keys")).toBeNull();
});

it("a page whose organization was changed in another tab reads all anew", async () => {
  const client = show(<Shell>The page</Shell>);
  expect((await screen.findByText("local")).getAttribute("data-tip")).toBe("You work in the organization local");
  await act(() => client.invalidateQueries());
  expect(reload).not.toHaveBeenCalled();
  tenant = "acme";
  // As the stream has it read when the service ends it.
  await act(() => client.invalidateQueries());
  await expect.poll(() => reload.mock.calls.length).toBeGreaterThan(0);
});
