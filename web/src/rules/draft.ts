/** A rule while it is edited. */
import type { Schemas } from "@/api/client";
import { numberText, readNumber } from "@/ui/number";

type Rule = Schemas["RuleRow"];
type RuleBody = Schemas["RuleBody"];
export type Channel = Schemas["ChannelBody"];
export type Severity = RuleBody["severity"];

export const SEVERITIES: Record<Severity, string> = {
  info: "info: to know",
  warning: "warning: to look at",
  critical: "critical: to act on",
};

export const RANGES = {
  min_probability: { least: 0, most: 1 },
  max_miss_distance_km: { least: 0, most: 1_000, unit: "km" },
  within_hours: { least: 0, most: 8_784, unit: "h" },
  escalate_after_minutes: { least: 1, most: 10_080, unit: "min", whole: true },
} as const;
export type NumberField = keyof typeof RANGES;
const NUMBER_FIELDS: readonly NumberField[] = ["min_probability", "max_miss_distance_km", "within_hours", "escalate_after_minutes"];

export interface Draft extends Record<NumberField, string> {
  name: string;
  enabled: boolean;
  /** Empty: all objects. */
  watch_list: string;
  severity: Severity;
  relations: boolean;
  channels: Channel[];
  escalation_channels: Channel[];
}

/** A rule that asks for an answer and does not cry wolf: what is new begins so. */
const NEW: Draft = {
  name: "",
  enabled: true,
  watch_list: "",
  severity: "warning",
  relations: false,
  min_probability: "1e-5",
  max_miss_distance_km: "",
  within_hours: "72",
  escalate_after_minutes: "",
  channels: [],
  escalation_channels: [],
};

export function draftOf(rule: Rule | null): Draft {
  if (rule === null) return NEW;
  return {
    name: rule.name,
    enabled: rule.enabled,
    watch_list: rule.watch_list ?? "",
    severity: rule.severity,
    relations: rule.relations,
    min_probability: numberText(rule.min_probability),
    max_miss_distance_km: numberText(rule.max_miss_distance_km),
    within_hours: numberText(rule.within_hours),
    escalate_after_minutes: numberText(rule.escalate_after_minutes),
    channels: rule.channels,
    escalation_channels: rule.escalation_channels,
  };
}

/** What is to be sent of a rule that is as it is. */
export function bodyOfRule(rule: Rule): RuleBody {
  return {
    name: rule.name,
    enabled: rule.enabled,
    watch_list: rule.watch_list ?? null,
    severity: rule.severity,
    relations: rule.relations,
    min_probability: rule.min_probability ?? null,
    max_miss_distance_km: rule.max_miss_distance_km ?? null,
    within_hours: rule.within_hours ?? null,
    channels: rule.channels,
    escalate_after_minutes: rule.escalate_after_minutes ?? null,
    escalation_channels: rule.escalation_channels,
  };
}

/** What would be sent, as far as it can be read, and what is wrong, by the service's names of the fields. */
export function bodyOf(draft: Draft): { body: RuleBody; problems: ReadonlyMap<string, string> } {
  const problems = new Map<string, string>();
  const name = draft.name.trim();
  if (name === "" || [...name].length > 100) problems.set("name", "1 to 100 characters are due");
  const numbers: Record<NumberField, number | null> = {
    min_probability: null,
    max_miss_distance_km: null,
    within_hours: null,
    escalate_after_minutes: null,
  };
  for (const field of NUMBER_FIELDS) {
    const read = readNumber(draft[field], RANGES[field]);
    if (read.error !== undefined) problems.set(field, read.error);
    else numbers[field] = read.value;
  }
  const { enabled, severity, relations, channels, escalation_channels } = draft;
  const watch_list = draft.watch_list === "" ? null : draft.watch_list;
  return { body: { name, enabled, watch_list, severity, relations, channels, escalation_channels, ...numbers }, problems };
}
