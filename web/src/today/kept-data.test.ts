import { renderHook } from "@testing-library/react";
import { expect, test } from "vitest";

import { joined, useKeptData, type Reading } from "./kept-data";

function reading(change: Partial<Reading<string>>): Reading<string> {
  return { data: undefined, error: null, isPending: change.data === undefined, dataUpdatedAt: 0, refetch: () => undefined, ...change };
}

test("several readings are there once all are, and as old as the oldest", () => {
  const one = reading({ data: "a", dataUpdatedAt: 5 });
  expect(joined([one, reading({})]).data).toBeUndefined();
  const error = new TypeError("no answer");
  expect(joined([one, reading({ data: "b", dataUpdatedAt: 3, error })])).toMatchObject({ data: ["a", "b"], dataUpdatedAt: 3, error });
});

test("what was read stays until the next question is answered, also where that fails", () => {
  const { result, rerender } = renderHook(({ now, about }) => useKeptData(now, about), {
    initialProps: { now: reading({ data: "a", dataUpdatedAt: 5 }), about: "mine" },
  });
  rerender({ now: reading({}), about: "mine" });
  expect(result.current).toMatchObject({ data: "a", dataUpdatedAt: 5, isPending: false, error: null });
  const error = new TypeError("no answer");
  rerender({ now: reading({ error }), about: "mine" });
  expect(result.current).toMatchObject({ data: "a", dataUpdatedAt: 5, error });
  rerender({ now: reading({}), about: "another's" });
  expect(result.current.data).toBeUndefined();
  rerender({ now: reading({ data: "b", dataUpdatedAt: 9 }), about: "another's" });
  expect(result.current).toMatchObject({ data: "b", dataUpdatedAt: 9 });
});
