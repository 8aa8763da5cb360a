import { expect, test } from "vitest";

import { bodyOf, bodyOfRule, draftOf } from "./draft";
import { condition, telling } from "./sentence";

const NAMES = { watchList: () => "ISS watch", webhook: () => "duty desk" };
// As the service answered.
const RULE = {
  id: "01a228ad-7822-78a7-bc5d-3a136578824c",
  name: "near",
  enabled: true,
  watch_list: "01a228ad-76da-7786-8b2b-dc623b012b7c",
  min_probability: 1e-7,
  max_miss_distance_km: null,
  within_hours: null,
  relations: false,
  severity: "warning" as const,
  channels: [],
  escalate_after_minutes: null,
  escalation_channels: [],
  updated: "2026-11-29T18:59:46.850057Z",
  notices: [],
};

test("a rule is said in a sentence", () => {
  expect(condition({ ...RULE, within_hours: 24, max_miss_distance_km: 5 }, NAMES)).toBe(
    "Warn when a satellite of ISS watch has, within 24 h, an approach of at most 5.00 km with a probability of at least 1.0 × 10⁻⁷.",
  );
  expect(condition({ name: "all", severity: "critical" }, NAMES)).toBe("Raise a critical alert when any two objects have an approach.");
});

test("whom a rule tells is said, and who is told if nobody answers", () => {
  expect(telling(RULE, NAMES)).toBe("It is shown here only.");
  const webhook = { kind: "webhook" as const, webhook: "x" };
  const mail = { kind: "email" as const, address: "night@example.org" };
  expect(telling({ ...RULE, channels: [webhook], escalate_after_minutes: 30, escalation_channels: [mail] }, NAMES)).toBe(
    "It is shown here and sent to webhook duty desk. If nobody acknowledges it within 30 min, night@example.org is told.",
  );
});

test("a rule that nobody changed is sent as it was", () => {
  const { body, problems } = bodyOf(draftOf(RULE));
  expect(problems.size).toBe(0);
  expect(body).toEqual(bodyOfRule(RULE));
});

test("what is wrong with a rule is said at its field, with the range", () => {
  const { problems } = bodyOf({ ...draftOf(RULE), name: " ", min_probability: "2", escalate_after_minutes: "1.5" });
  expect([...problems.keys()]).toEqual(["name", "min_probability", "escalate_after_minutes"]);
  expect(problems.get("min_probability")).toContain("0 to 1");
});
