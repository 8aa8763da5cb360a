import { expect, it } from "vitest";

import { filterOf, queryOf } from "./audit-filter";

it("reads what is in the address, and nothing else", () => {
  expect(filterOf(new URLSearchParams("part=audit&by=ann%40example.org&action=&from=2026-11-01"))).toEqual({ by: "ann@example.org", from: "2026-11-01" });
});

it("asks for whole days in UTC", () => {
  expect(queryOf({ action: "member.", from: "2026-11-01", until: "2026-11-30" })).toEqual({
    action: "member.",
    from: "2026-11-01T00:00:00.000Z",
    until: "2026-12-01T00:00:00.000Z",
  });
  expect(queryOf({ from: "yesterday" })).toEqual({});
});
