import { renderHook } from "@testing-library/react";
import { expect, test, vi } from "vitest";

import { read } from "./filters";
import { useFilters } from "./use-filters";

// The router tells of a new address later than the address has it.
vi.mock("next/navigation", () => ({ useSearchParams: () => new URLSearchParams() }));

test("of two changes, one right after the other, both stay", () => {
  const { change } = renderHook(useFilters).result.current;
  change({ maxMissKm: 1 });
  change({ minProbability: 1e-5 }, true);
  expect(read(new URLSearchParams(location.search)).filters).toMatchObject({ maxMissKm: 1, minProbability: 1e-5 });
});
