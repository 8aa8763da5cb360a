import { expect, it } from "vitest";

import { figure, groupsOf, labelsOf, timingsOf, type Metric, type Series } from "./figures";

const series = (labels: Record<string, string>, value: number | null, p99: number | null = null): Series => ({ labels, value, count: null, mean: null, p50: null, p99 });
// As the service answered, shortened.
const METRICS: Metric[] = [
  { name: "astroshield_catalog_age_seconds", description: "Age", unit: "seconds", kind: "gauge", series: [series({}, 11.56)] },
  { name: "astroshield_consumer_lag_events", description: "Lag", unit: "count", kind: "gauge", series: [series({ consumer: "runs" }, 33)] },
  { name: "astroshield_refused_callers_total", description: "Refused", unit: "count", kind: "counter", series: [] },
  { name: "astroshield_process_memory_bytes", description: "Memory", unit: "bytes", kind: "gauge", series: [series({}, 143986688)] },
  {
    name: "astroshield_http_request_seconds",
    description: "Time",
    unit: "seconds",
    kind: "histogram",
    series: [series({ method: "GET", route: "/a" }, null, 0.002), series({ method: "GET", route: "/b" }, null, 0.2)],
  },
];

it("puts each figure that has a value into one group", () => {
  expect(groupsOf(METRICS).map(({ title, metrics }) => [title, metrics.map(({ name }) => name)])).toEqual([
    ["Age of the data", ["astroshield_catalog_age_seconds"]],
    ["Queues", ["astroshield_consumer_lag_events"]],
    ["Else", ["astroshield_process_memory_bytes"]],
  ]);
});

it("has the slowest first", () => {
  expect(timingsOf(METRICS).map(({ series: one }) => labelsOf(one))).toEqual(["GET /b", "GET /a"]);
});

it("says each figure with its unit", () => {
  expect([0, 0.0000021, 0.0015, 0.175, 3.82, 11.56, 65567314].map((value) => figure(value, "seconds"))).toEqual([
    "0 s",
    "2 µs",
    "1.5 ms",
    "175 ms",
    "3.8 s",
    "12 s",
    "758.9 d",
  ]);
  expect(figure(143986688, "bytes")).toBe("144.0 MB");
  expect(figure(1234, "count")).toBe("1,234");
  expect(figure(null, "count")).toBe("–");
});
