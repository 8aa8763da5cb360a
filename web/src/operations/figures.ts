/** What the service measures, in groups and in words. */
import type { Schemas } from "@/api/client";
import { span } from "@/time/format";
import { bytes, count } from "@/units/format";

export type Metric = Schemas["MetricRow"];
export type Series = Schemas["SeriesRow"];

export interface Group {
  title: string;
  note: string;
  metrics: Metric[];
}

/** What belongs to which group, by what names begin with after `astroshield_`; what nobody named stands in the last one. */
const GROUPS: readonly { title: string; note: string; names: readonly string[] }[] = [
  { title: "Age of the data", note: "What is shown is never newer than this.", names: ["catalog_", "feed_", "screening_age", "screening_lag"] },
  {
    title: "Queues",
    note: "What waits: events to be dealt with, messages to be sent.",
    names: ["consumer_lag", "bus_lag", "outbox_", "deliveries", "screening_running"],
  },
  { title: "Requests", note: "Answered since the process began, and connections now.", names: ["http_", "stream_", "gateway_", "rate_limited"] },
];
const REST = { title: "Else", note: "Work done since the process began, and what is in the store." };

function bare(metric: Metric): string {
  return metric.name.replace(/^astroshield_/, "");
}

/** Gauges and counters in groups; those without a value are left out. */
export function groupsOf(metrics: readonly Metric[]): Group[] {
  const shown = metrics.filter(({ kind, series }) => kind !== "histogram" && series.length > 0);
  const belongs = (metric: Metric, names: readonly string[]) => names.some((name) => bare(metric).startsWith(name));
  const groups = GROUPS.map(({ title, note, names }) => ({ title, note, metrics: shown.filter((metric) => belongs(metric, names)) }));
  const rest = shown.filter((metric) => !GROUPS.some(({ names }) => belongs(metric, names)));
  return [...groups, { ...REST, metrics: rest }].filter(({ metrics: some }) => some.length > 0);
}

/** Timings, the slowest first. */
export function timingsOf(metrics: readonly Metric[]): { metric: Metric; series: Series }[] {
  return metrics
    .filter(({ kind }) => kind === "histogram")
    .flatMap((metric) => metric.series.map((series) => ({ metric, series })))
    .sort((one, other) => (other.series.p99 ?? 0) - (one.series.p99 ?? 0));
}

/** A figure with its unit. */
export function figure(value: number | null | undefined, unit: Metric["unit"]): string {
  if (value == null) return "–";
  if (unit === "bytes") return bytes(value);
  if (unit === "count") return count(value);
  if (value === 0) return "0 s";
  if (Math.abs(value) < 0.001) return `${(value * 1e6).toFixed(0)} µs`;
  if (Math.abs(value) < 1) return `${(value * 1e3).toFixed(value < 0.01 ? 1 : 0)} ms`;
  return Math.abs(value) < 10 ? `${value.toFixed(1)} s` : span(value);
}

/** Labels in words: `GET /api/v1/status, 200`. */
export function labelsOf(series: Series): string {
  return Object.entries(series.labels)
    .map(([name, value]) => (["method", "route", "topic", "consumer", "feed", "status", "state"].includes(name) ? value : `${name} ${value}`))
    .join(" ");
}
