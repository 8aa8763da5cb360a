import { expect, it } from "vitest";

import { handlingOf, type Note } from "./handling";

const BASE = { id: "", conjunction: "", at: "2026-11-29T18:00:00Z", by: "dev1", text: null, assignee: null, decision: null };
const note = (some: Partial<Note> & Pick<Note, "kind">): Note => ({ ...BASE, ...some });

it("the newest note of each kind counts", () => {
  const { acknowledged, assigned, decided } = handlingOf([
    note({ kind: "acknowledged", by: "A" }),
    note({ kind: "decided", decision: "monitor" }),
    note({ kind: "assigned", assignee: "B" }),
    note({ kind: "decided", decision: "maneuver" }),
    note({ kind: "note", text: "called the operator" }),
  ]);
  expect([acknowledged?.by, assigned?.assignee, decided?.decision]).toEqual(["A", "B", "maneuver"]);
});

it("what was taken off somebody is nobody's", () => {
  expect(handlingOf([note({ kind: "assigned", assignee: "B" }), note({ kind: "assigned" })]).assigned).toBeUndefined();
});
