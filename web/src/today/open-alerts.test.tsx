import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen, within } from "@testing-library/react";
import { expect, it, vi } from "vitest";

import { OpenAlerts } from "./open-alerts";

const alert = (severity: string, opened: string) => ({ id: `${severity} ${opened}`, severity, opened, summary: `${severity} of ${opened.slice(11, 16)}` });
// As the service answers: the newest first.
const ALERTS = [
  alert("info", "2026-11-29T17:40:00Z"),
  alert("info", "2026-11-29T17:30:00Z"),
  alert("warning", "2026-11-29T17:20:00Z"),
  alert("info", "2026-11-29T17:10:00Z"),
  alert("info", "2026-11-29T17:00:00Z"),
  alert("warning", "2026-11-29T16:50:00Z"),
  alert("critical", "2026-11-29T16:40:00Z"),
];
const OLDER = alert("critical", "2026-11-20T12:00:00Z");

async function shownOf(older: typeof ALERTS): Promise<(string | null)[]> {
  vi.stubGlobal("fetch", async (input: Request | string) => {
    if (typeof input === "string") {
      return Response.json({ build: null, environment: "laptop", api: "", stream: null, sign_in: { one_time_token: true, provider: null } });
    }
    const isCritical = new URL(input.url).searchParams.get("min_severity") === "critical";
    const items = isCritical ? [...ALERTS, ...older].filter(({ severity }) => severity === "critical") : ALERTS;
    return Response.json({ items, next_cursor: isCritical || older.length === 0 ? null : "older" });
  });
  const { container, unmount } = render(
    <QueryClientProvider client={new QueryClient()}>
      <OpenAlerts />
    </QueryClientProvider>,
  );
  await screen.findByText(older.length > 0 ? "critical of 12:00" : "critical of 16:40");
  const links = within(container).getAllByRole("listitem").map((item) => within(item).getByRole("link"));
  const shown = links.map(({ textContent }) => textContent);
  // Where it is cut off, its tip says it.
  expect(links.map((link) => link.getAttribute("data-tip"))).toEqual(shown);
  unmount();
  return shown;
}

it("shows the most severe first, and of those the newest", async () => {
  expect(await shownOf([])).toEqual(["critical of 16:40", "warning of 17:20", "warning of 16:50", "info of 17:40"]);
});

it("shows a critical one that is older than all that are counted", async () => {
  expect(await shownOf([OLDER])).toEqual(["critical of 16:40", "critical of 12:00", "warning of 17:20", "warning of 16:50"]);
});
