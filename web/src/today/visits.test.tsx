import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, renderHook } from "@testing-library/react";
import { createElement, type ReactNode } from "react";
import { beforeEach, expect, test, vi } from "vitest";

const NOW = "2026-11-29T12:00:00.000Z";
const HOUR_MS = 3_600_000;
/** What the browser's clock is late. */
const LATE_MS = 26 * HOUR_MS;

let name: string;
let isAnswering: boolean;

beforeEach(() => {
  // The service's clock is heard anew in each test.
  vi.resetModules();
  vi.useFakeTimers({ now: Date.parse(NOW) });
  localStorage.clear();
  name = "dev8";
  isAnswering = true;
  vi.stubGlobal("fetch", async (input: Request | string) => {
    if (typeof input === "string") {
      return Response.json({ build: null, environment: "laptop", api: "", stream: null, sign_in: { one_time_token: true, provider: null } });
    }
    const path = new URL(input.url).pathname;
    if (!isAnswering) throw new TypeError("Failed to fetch");
    if (path === "/api/v1/session") return Response.json({ tenant: "local", name, scope: "read" });
    return new Promise(() => undefined);
  });
  return () => vi.useRealTimers();
});

async function visit() {
  const { useVisit } = await import("./visits");
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const wrapper = ({ children }: { children: ReactNode }) => createElement(QueryClientProvider, { client }, children);
  const shown = renderHook(useVisit, { wrapper });
  await act(() => vi.advanceTimersByTimeAsync(100));
  return shown;
}

/** As the header does with each answer of /status. */
async function hear(serviceNow: string) {
  const { heed } = await import("@/time/clock");
  await act(async () => heed(serviceNow, Date.now()));
}

test("the last 8 h move on while the page stays open, and the first visit ends", async () => {
  localStorage.setItem("astroshield.since", "8h");
  await hear(NOW);
  const { result } = await visit();
  expect(result.current?.from).toBe("2026-11-29T04:00:00.000Z");
  expect(result.current?.isFirst).toBe(true);
  act(() => vi.advanceTimersByTime(3 * HOUR_MS));
  expect(result.current?.from).toBe("2026-11-29T07:00:00.000Z");
  expect(result.current?.isFirst).toBe(false);
});

test("changes count by the service's clock, where the browser's is late", async () => {
  vi.setSystemTime(Date.parse(NOW) - LATE_MS);
  localStorage.setItem("astroshield.since", "8h");
  localStorage.setItem("astroshield.visits.local.dev8", JSON.stringify({ seen: Date.parse(NOW) - 5 * HOUR_MS, before: null }));
  const { result } = await visit();
  await hear(NOW);
  expect(result.current?.from).toBe("2026-11-29T04:00:00.000Z");
  const kept = JSON.parse(localStorage.getItem("astroshield.visits.local.dev8") ?? "null") as { seen: number; before: number };
  expect(new Date(kept.before).toISOString()).toBe("2026-11-29T07:00:00.000Z");
  expect(Math.abs(kept.seen - Date.parse(NOW))).toBeLessThan(1_000);
});

test("who else signs in at this browser has visits of their own", async () => {
  await hear(NOW);
  const first = await visit();
  first.unmount();
  vi.setSystemTime(Date.parse(NOW) + 5 * HOUR_MS);
  name = "dev9";
  const { result } = await visit();
  expect(result.current?.isFirst).toBe(true);
  expect(localStorage.getItem("astroshield.visits.local.dev8")).not.toBeNull();
});

test("where it cannot be read who is signed in and what the time is, the browser's own count", async () => {
  isAnswering = false;
  const { result } = await visit();
  expect(result.current?.from).toBe("2026-11-28T12:00:00.000Z");
});
