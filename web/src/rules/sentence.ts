/** What a rule does, in a sentence. */
import type { Schemas } from "@/api/client";
import { span } from "@/time/format";
import { distance, probability } from "@/units/format";

type RuleBody = Schemas["RuleBody"];
type Channel = Schemas["ChannelBody"];

/** Names of what a rule speaks of by identity. */
export interface Names {
  watchList: (id: string) => string;
  webhook: (id: string) => string;
}

export function channelInWords(channel: Channel, names: Names): string {
  return channel.kind === "email" ? channel.address : `webhook ${names.webhook(channel.webhook)}`;
}

function listed(words: string[]): string {
  const last = words.at(-1);
  return words.length < 2 ? (last ?? "") : `${words.slice(0, -1).join(", ")} and ${last}`;
}

const VERBS = { info: "Tell", warning: "Warn", critical: "Raise a critical alert" } as const;

/** "Warn when a satellite of ISS watch has, within 72 h, an approach of at most 1.00 km with a probability of at least 1.0 × 10⁻⁴." */
export function condition(rule: RuleBody, names: Names): string {
  const who = rule.watch_list == null ? "any two objects have" : `a satellite of ${names.watchList(rule.watch_list)} has`;
  const when = rule.within_hours == null ? "" : `, within ${rule.within_hours.toLocaleString("en-US")} h,`;
  const near = rule.max_miss_distance_km == null ? "" : ` of at most ${distance(rule.max_miss_distance_km)}`;
  const likely = rule.min_probability == null ? "" : ` with a probability of at least ${probability(rule.min_probability)}`;
  const relations = rule.relations === true ? " Pairs that fly together count, too." : "";
  return `${VERBS[rule.severity]} when ${who}${when} an approach${near}${likely}.${relations}`;
}

/** Whom it tells, and whom if nobody answers. */
export function telling(rule: RuleBody, names: Names): string {
  const channels = rule.channels ?? [];
  const told = channels.length === 0 ? "It is shown here only." : `It is shown here and sent to ${listed(channels.map((one) => channelInWords(one, names)))}.`;
  if (rule.escalate_after_minutes == null) return told;
  const others = rule.escalation_channels ?? [];
  const whom = others.length === 0 ? "nobody else is named to be told" : `${listed(others.map((one) => channelInWords(one, names)))} is told`;
  return `${told} If nobody acknowledges it within ${span(rule.escalate_after_minutes * 60)}, ${whom}.`;
}
