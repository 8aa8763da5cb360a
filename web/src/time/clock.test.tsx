import { act, renderHook } from "@testing-library/react";
import { beforeEach, expect, test, vi } from "vitest";

const NOW = Date.parse("2026-11-29T12:00:00Z");

beforeEach(() => {
  vi.resetModules();
  vi.useFakeTimers({ now: NOW });
  return () => vi.useRealTimers();
});

test("a browser whose clock is slow counts by the service's", async () => {
  const { heed, useNow } = await import("./clock");
  const { result } = renderHook(useNow);
  expect(result.current).toBe(NOW);
  heed("2026-11-29T12:03:00Z", NOW);
  act(() => vi.advanceTimersByTime(1_000));
  expect(result.current).toBe(NOW + 181_000);
});

test("what an answer takes on its way is no difference of clocks", async () => {
  const { heed, serviceNow } = await import("./clock");
  heed("2026-11-29T11:59:58.5Z", NOW);
  expect(serviceNow()).toBe(NOW);
  // A slow answer beside one that was not.
  heed("2026-11-29T12:00:21Z", NOW + 30_000);
  expect(serviceNow()).toBe(NOW);
});

test("a clock that was put right is trusted again", async () => {
  const { heed, serviceNow } = await import("./clock");
  heed("2026-11-29T12:03:00Z", NOW);
  expect(serviceNow()).toBe(NOW + 180_000);
  for (const s of [30, 60, 90]) heed(new Date(NOW + s * 1_000).toISOString(), NOW + s * 1_000);
  expect(serviceNow()).toBe(NOW);
});
