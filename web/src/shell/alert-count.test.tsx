import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, renderHook, screen } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";

import { useCountInTitle } from "@/alerts/arrivals";
import { Shell } from "./shell";

vi.mock("next/navigation", () => ({ usePathname: () => "/feeds/", useRouter: () => ({ push: vi.fn() }) }));

let severities: string[];
/** Of those that are not among the newest. */
let older: string[];

beforeEach(() => {
  older = [];
  document.title = "Feeds and runs · AstroShield";
  vi.stubGlobal("fetch", async (input: Request | string) => {
    if (typeof input === "string") {
      return Response.json({ build: null, environment: "laptop", api: "", stream: null, sign_in: { one_time_token: true, provider: null } });
    }
    const url = new URL(input.url);
    if (url.pathname === "/api/v1/alerts" && url.searchParams.get("state") === "open") {
      const asked = url.searchParams.get("min_severity") === "critical" ? [...severities, ...older].filter((one) => one === "critical") : severities;
      const items = asked.map((severity, place) => ({ id: String(place), severity, subject: { kind: "undelivered" } }));
      return Response.json({ items, next_cursor: older.length > 0 && asked === severities ? "older" : null });
    }
    return Response.json({ title: "nothing is here", status: 404 }, { status: 404 });
  });
});

function show() {
  render(
    <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
      <Shell>The page</Shell>
    </QueryClientProvider>,
  );
}

it("says on every page how many alerts wait, and that one of them is critical", async () => {
  severities = ["info", "critical", "warning"];
  show();
  const link = await screen.findByRole("link", { name: /^Alerts ?: 3 open, 1 critical$/ });
  expect(link.querySelector(".lucide-triangle-alert")).not.toBeNull();
  expect(document.title).toBe("(3) Feeds and runs · AstroShield");
});

it("warns of nothing where none is critical", async () => {
  severities = ["info"];
  show();
  const link = await screen.findByRole("link", { name: /^Alerts ?: 1 open$/ });
  expect(link.querySelector(".lucide-triangle-alert")).toBeNull();
});

it("asks for critical ones that are older than all that are counted", async () => {
  severities = ["info", "warning"];
  older = ["critical"];
  show();
  expect(await screen.findByRole("link", { name: /^Alerts ?: 2\+ open, 1 critical$/ })).toBeDefined();
});

it("keeps the count in the title from one page to the next, and takes it away with the last alert", async () => {
  const { rerender } = renderHook(({ open }) => useCountInTitle(open), { initialProps: { open: "100+" } });
  expect(document.title).toBe("(100+) Feeds and runs · AstroShield");
  document.title = "Today · AstroShield";
  await expect.poll(() => document.title).toBe("(100+) Today · AstroShield");
  rerender({ open: "0" });
  expect(document.title).toBe("Today · AstroShield");
});
