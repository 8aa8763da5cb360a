import { act, renderHook } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";

import { useVisit } from "./visits";

afterEach(() => vi.useRealTimers());

test("the last 8 h move on while the page stays open", () => {
  vi.useFakeTimers({ now: Date.parse("2026-11-29T12:00:00Z") });
  localStorage.setItem("astroshield.since", "8h");
  const { result } = renderHook(useVisit);
  expect(result.current?.from).toBe("2026-11-29T04:00:00.000Z");
  act(() => vi.advanceTimersByTime(3 * 3_600_000));
  expect(result.current?.from).toBe("2026-11-29T07:00:00.000Z");
  expect(result.current?.isFirst).toBe(false);
});
