import { render, screen } from "@testing-library/react";
import { expect, it } from "vitest";

import { Handling } from "./columns";
import { found } from "./conjunctions";

// As the service answers.
const NOTED = {
  conjunction: "9d70162e-0a1e-5dee-9955-9d2dfeb1172d",
  acknowledged_at: "2026-11-29T19:24:21.555936Z",
  acknowledged_by: "dev8",
  assignee: null,
  decision: null,
  notes: 1,
  updated: "2026-11-29T19:24:21.555936Z",
};

it("a row says what the organization did about it, the weightiest first, and a dash where nobody noted anything", () => {
  const { rerender } = render(<Handling handled={NOTED} />);
  expect(screen.getByText("acknowledged by dev8")).toBeTruthy();
  rerender(<Handling handled={{ ...NOTED, decision: "monitor", assignee: "bob" }} />);
  const said = screen.getByText(/bob, acknowledged by dev8$/);
  // It may be cut off.
  expect(said.getAttribute("data-tip")).toBe(said.textContent);
  rerender(<Handling handled={{ ...NOTED, acknowledged_by: null, notes: 2 }} />);
  expect(screen.getByText("2 notes")).toBeTruthy();
  rerender(<Handling handled={undefined} />);
  expect(screen.getByText("–")).toBeTruthy();
});

it("a count that cannot be read is said where it would tell more than the rows", () => {
  expect(found({ count: undefined, isUnknown: true }, 200, true)).toBe("200 rows read; more as you scroll; how many match cannot be read");
  expect(found({ count: undefined, isUnknown: false }, 200, true)).toBe("200 rows read; more as you scroll");
  expect(found({ count: undefined, isUnknown: true }, 7, false)).toBe("7 conjunctions");
  expect(found({ count: 269_250, isUnknown: false }, 200, true)).toBe("269,250 conjunctions");
});
