import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";

import { View } from "./state";

const PROBLEM = {
  type: "urn:astroshield:problem:internal",
  title: "Internal error",
  status: 500,
  instance: "/api/v1/runs",
  request_id: "01a2",
};
const base = { data: undefined, error: null, isPending: true, dataUpdatedAt: 0, refetch: () => undefined };

test("what loads says so", () => {
  render(
    <View query={base} what="runs">
      {() => "shown"}
    </View>,
  );
  expect(screen.getByRole("status").textContent).toContain("Loading runs");
});

test("what failed says why, with the request's id, and can be tried again", async () => {
  const refetch = vi.fn();
  render(
    <View query={{ ...base, error: PROBLEM, refetch }} what="runs">
      {() => "shown"}
    </View>,
  );
  expect(screen.getByRole("alert").textContent).toContain("Cannot read runs: Internal error (request 01a2)");
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(refetch).toHaveBeenCalledOnce();
});

test("nothing is not the same as a failure", () => {
  render(
    <View query={{ ...base, data: [] as string[] }} what="runs" isEmpty={(rows) => rows.length === 0}>
      {() => "shown"}
    </View>,
  );
  expect(screen.getByText("No runs")).toBeTruthy();
  expect(screen.queryByRole("alert")).toBeNull();
});

test("what was read before a failure stays, and says its age", () => {
  render(
    <View query={{ ...base, data: ["one"], error: new TypeError("fetch failed"), dataUpdatedAt: Date.now() - 300_000 }} what="runs">
      {(rows) => <p>{rows[0]}</p>}
    </View>,
  );
  expect(screen.getByText("one")).toBeTruthy();
  expect(screen.getByRole("alert").textContent).toMatch(/Read 5 min ago; since then: the service does not answer/);
});
