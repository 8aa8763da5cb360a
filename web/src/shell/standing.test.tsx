import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";

import { newQueryClient, type Run, type Schemas } from "@/api/client";
import type { Feed } from "@/feeds/order";
import { Countdown } from "@/time/time";
import { Data, Notices, oldByFeeds } from "./standing";

const HOUR_MS = 3_600_000;
const ago = (hours: number) => new Date(Date.now() - hours * HOUR_MS).toISOString();

const run = (some: Partial<Run>): Run => ({
  id: crypto.randomUUID(),
  public: true,
  kind: "catalog",
  state: "completed",
  as_of: ago(3),
  window_start: ago(3),
  window_stop: ago(-165),
  threshold_km: 5,
  slices: 29,
  slices_done: 29,
  objects: 30_000,
  not_screened: 0,
  conjunctions: 269_250,
  started: ago(3),
  finished: ago(3),
  problem: null,
  build: "0.1.0",
  ...some,
});

const feed = (some: Partial<Feed>): Feed => ({
  name: "active",
  kind: "element_sets",
  asked: ago(1),
  changed: ago(13),
  confirmed: ago(1),
  failures: 0,
  stopped: false,
  stale: false,
  stale_after_s: 43_200,
  interval_s: 7_200,
  not_before: null,
  problem: null,
  records: 30_000,
  ...some,
});

let status: Partial<Schemas["Status"]>;
let isAway: boolean;
let feeds: Feed[];
let feedReadings: number;
let alerts: unknown[];

beforeEach(() => {
  isAway = false;
  feeds = [feed({})];
  feedReadings = 0;
  alerts = [];
  status = { newest_epoch: ago(2), newest_screening: run({}), newest_run: run({}) };
  vi.stubGlobal("fetch", async (input: Request | string) => {
    if (typeof input === "string") {
      return Response.json({ build: null, environment: "laptop", api: "", stream: null, sign_in: { one_time_token: true, provider: null } });
    }
    const { pathname } = new URL(input.url);
    if (pathname === "/api/v1/feeds") {
      feedReadings += 1;
      return Response.json({ items: feeds, next_cursor: null });
    }
    if (pathname === "/api/v1/alerts") return Response.json({ items: alerts, next_cursor: null });
    if (isAway) throw new TypeError("Failed to fetch");
    const now = new Date().toISOString();
    return Response.json({ build: "0.1.0", now, present: now, of_the_past: false, demo: false, position: 1, messages_given_up: 0, ...status });
  });
});

function show(): QueryClient {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <QueryClientProvider client={client}>
      <Data />
      <Notices />
    </QueryClientProvider>,
  );
  return client;
}

it("says when the public catalog was screened, whatever run came after that", async () => {
  const own = run({ kind: "ephemerides", public: false, objects: 2, conjunctions: 7, finished: ago(0), started: ago(0) });
  status = { newest_epoch: ago(2), newest_screening: run({ finished: ago(4) }), newest_run: own };
  show();
  const screened = await screen.findByText(/^Screened/);
  expect(screened.textContent).toBe("Screened 4.0 h ago");
  expect(screened.getAttribute("data-tip")).toContain("269,250 conjunctions of 30,000 objects");
});

it("says nothing of a screening where there was none yet, though other runs were completed", async () => {
  status = { newest_epoch: ago(2), newest_screening: null, newest_run: run({ kind: "ephemerides", public: false }) };
  show();
  await screen.findByText(/^Data/);
  expect(screen.queryByText(/^Screened/)).toBeNull();
});

it("says that the service does not answer, and reads anew on a click", async () => {
  isAway = true;
  show();
  expect((await screen.findByRole("alert")).textContent).toContain("How old the data is cannot be read: the service does not answer.");
  isAway = false;
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect((await screen.findByText(/^Data/)).textContent).toBe("Data 2.0 h ago");
  expect(screen.queryByRole("alert")).toBeNull();
});

it("goes on saying so while it is tried again", async () => {
  isAway = true;
  const client = show();
  await screen.findByRole("alert");
  const waiting = new Promise<Response>(() => undefined);
  vi.stubGlobal("fetch", () => waiting);
  act(() => void client.refetchQueries());
  await expect.poll(() => screen.queryByRole<HTMLButtonElement>("button", { name: "Try again" })?.disabled).toBe(true);
  expect(screen.getByRole("alert").textContent).toContain("the service does not answer");
});

it("what counts down does not ask for a state anew that cannot be read", async () => {
  isAway = true;
  const client = newQueryClient();
  client.setDefaultOptions({ queries: { retry: false } });
  const page = (more: React.ReactNode) => (
    <QueryClientProvider client={client}>
      <Notices />
      {more}
    </QueryClientProvider>
  );
  const { rerender } = render(page(null));
  await screen.findByRole("alert");
  rerender(page(<Countdown to={ago(-2)} />));
  expect(client.isFetching()).toBe(0);
});

it("data is told to be old in words where the service finds it so, and not before", async () => {
  status = { ...status, newest_epoch: ago(30) };
  show();
  const data = await screen.findByText(/^Data/);
  await expect.poll(() => feedReadings).toBe(1);
  expect(data.textContent).toBe("Data 30.0 h ago");
});

it("data is stale with all feeds of it, by the age that is set of each", async () => {
  feeds = [feed({ stale: true })];
  show();
  await expect.poll(() => screen.queryByText(/^Data/)?.textContent).toBe("Data 2.0 h ago: stale");
  const data = screen.getByText(/^Data/);
  expect(data.getAttribute("data-tip")).toContain("active has sent nothing new for more than 12.0 h.");
  expect(data.parentElement?.className).toContain("text-high");
  expect(data.parentElement?.querySelector("svg")).not.toBeNull();
});

it("one stale feed of several is less; those that bring something else, or are not asked any more, do not count", () => {
  const stale = feed({ name: "old", stale: true });
  expect(oldByFeeds([stale, feed({})])).toMatchObject({ tone: "elevated", word: "in part stale" });
  expect(oldByFeeds([stale, feed({ name: "weather", kind: "space_weather" })])).toMatchObject({ tone: "high", word: "stale" });
  expect(oldByFeeds([feed({}), feed({ kind: "space_weather", stale: true }), feed({ kind: null, stale: true })])).toBeNull();
});

it("what the service alerts of, by epoch and by screening, is said at both ages", async () => {
  alerts = [
    { id: "1", severity: "critical", subject: { kind: "stale_catalog" }, summary: "the newest element sets of the catalog are of 30.0 h ago" },
    { id: "2", severity: "critical", subject: { kind: "no_screening" }, summary: "no screening has completed for 13.0 h" },
  ];
  show();
  await expect.poll(() => screen.queryByText(/^Data/)?.textContent).toBe("Data 2.0 h ago: too old");
  const screened = screen.getByText(/^Screened/);
  expect(screened.textContent).toBe("Screened 3.0 h ago: too old");
  expect(screened.getAttribute("data-tip")).toContain("Alert: no screening has completed for 13.0 h.");
});
