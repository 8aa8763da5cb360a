import { expect, test } from "vitest";

import { fieldOf, msOf } from "@/time/field";
import { withChosen } from "./alert-list";
import { announcement, arrivalIn, withArrived } from "./arrivals";
import { address, alertIn, queryOf, readFilters } from "./filters";
import { historyOf } from "./history";

const ID = "01a228ad-7822-78a7-bc5d-3a136578824c";
const ALERT = {
  id: ID,
  opened: "2026-11-29T18:00:00Z",
  updated: "2026-11-29T18:00:00Z",
  severity: "warning" as const,
  state: "open" as const,
  subject: { kind: "no_screening" as const },
  summary: "no screening for 12 h",
};

test("mails lead to /alerts/ID, the console itself to ?id=", () => {
  expect(alertIn(`/alerts/${ID}`, new URLSearchParams())).toBe(ID);
  expect(alertIn(`/alerts/${ID}/`, new URLSearchParams())).toBe(ID);
  expect(alertIn("/alerts/", new URLSearchParams(`id=${ID}`))).toBe(ID);
  expect(alertIn("/alerts/index.html", new URLSearchParams())).toBeNull();
});

test("filters are the same after the way through the address", () => {
  const filters = { state: "muted", severity: "critical", object: 25544 } as const;
  const search = new URLSearchParams(address(filters, ID).split("?")[1]);
  expect(readFilters(search)).toEqual(filters);
  expect(alertIn("/alerts/", search)).toBe(ID);
  expect(address(readFilters(new URLSearchParams("state=toString&object=x")), null)).toBe("/alerts/");
});

test("all states are asked for without a state", () => {
  expect(queryOf({ state: "all", severity: "info", object: undefined })).toEqual({});
});

test("the alert that is read stays in the list when it is answered", () => {
  const older = { ...ALERT, id: "older", opened: "2026-11-28T00:00:00Z" };
  expect(withChosen([older], { ...ALERT, state: "resolved" }).map(({ id }) => id)).toEqual([ID, "older"]);
  expect(withChosen([ALERT, older], ALERT)).toHaveLength(2);
});

test("alerts that come are told, one by one or together; answers are not", () => {
  expect(arrivalIn({ type: "alert_changed", change: "opened", alert: ID })).toBe(ID);
  expect(arrivalIn({ type: "alert_changed", change: "acknowledged", alert: ID })).toBeNull();
  expect(announcement([ALERT], 1)).toBe("New alert, warning: no screening for 12 h.");
  expect(announcement([ALERT], 12)).toBe("12 alerts came.");
});

test("the history stands in order, and says who", () => {
  const alert = { ...ALERT, resolved: "2026-11-29T19:00:00Z", acknowledged: "2026-11-29T18:30:00Z", acknowledged_by: "ana" };
  expect(historyOf(alert).map(({ what }) => what)).toEqual(["Opened", "Acknowledged by ana", "Resolved: what it was about is over"]);
});

test("a time of a field is the same time again, in either zone", () => {
  const ms = Date.parse("2026-11-29T17:04:00Z");
  expect(fieldOf(ms, "utc")).toBe("2026-11-29T17:04");
  expect(msOf(fieldOf(ms, "utc"), "utc")).toBe(ms);
  expect(msOf(fieldOf(ms, "local"), "local")).toBe(ms);
  expect(msOf("", "utc")).toBeNaN();
});

test("of a page that is open for weeks, the newest alerts are marked, not all", () => {
  let fresh: ReadonlySet<string> = new Set();
  for (let place = 0; place < 1_000; place += 1) fresh = withArrived(fresh, [`alert ${place}`]);
  expect(fresh.size).toBe(200);
  expect(fresh.has("alert 999")).toBe(true);
  expect(fresh.has("alert 799")).toBe(false);
});
