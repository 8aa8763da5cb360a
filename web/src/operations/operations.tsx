"use client";

/** How the process that answers is: what it works with, what waits, how long things take. */
import { CircleCheck, CircleX, TriangleAlert } from "lucide-react";

import { api, type Schemas } from "@/api/client";
import { Ago } from "@/time/time";
import { Badge } from "@/ui/badge";
import { ExportCsv, type CsvColumns } from "@/ui/export-csv";
import { PageHeader, Panel } from "@/ui/panel";
import { View } from "@/ui/state";
import { Cell, Heading, Table } from "@/ui/table";
import { Tip } from "@/ui/tip";
import { figure, groupsOf, labelsOf, timingsOf, type Group, type Metric, type Series } from "./figures";

type Operations = Schemas["OperationsRow"];

const DEPENDENCIES_CSV: CsvColumns<Operations["dependencies"][number]> = {
  dependency: ({ name }) => name,
  needed: ({ needed }) => needed,
  problem: ({ problem }) => problem,
};

/** In the units of the metrics: seconds, bytes, or numbers of things. */
const FIGURES_CSV: CsvColumns<{ metric: Metric; series: Series }> = {
  metric: ({ metric }) => metric.name,
  of: ({ series }) => labelsOf(series),
  unit: ({ metric }) => metric.unit,
  value: ({ series }) => series.value,
};

const TIMINGS_CSV: CsvColumns<{ metric: Metric; series: Series }> = {
  metric: ({ metric }) => metric.name,
  of: ({ series }) => labelsOf(series),
  unit: ({ metric }) => metric.unit,
  number: ({ series }) => series.count,
  mean: ({ series }) => series.mean,
  p50: ({ series }) => series.p50,
  p99: ({ series }) => series.p99,
};

const EVERY_MS = 10_000;

const STATES = {
  ready: { tone: "good", icon: <CircleCheck aria-hidden />, word: "ready" },
  degraded: { tone: "elevated", icon: <TriangleAlert aria-hidden />, word: "degraded: something that it can do without is away" },
  not_ready: { tone: "high", icon: <CircleX aria-hidden />, word: "not ready: something that it needs is away" },
} as const;

export function OperationsPage() {
  const operations = api.useQuery("get", "/api/v1/operations", {}, { refetchInterval: EVERY_MS });
  return (
    <>
      <PageHeader
        title="Operations"
        note="Of the process that answers here; others beside it have figures of their own. The same list is at /metrics."
        actions={
          operations.dataUpdatedAt > 0 && (
            <span className="text-quiet">
              Read <Ago value={new Date(operations.dataUpdatedAt).toISOString()} />, again every {EVERY_MS / 1_000} s
            </span>
          )
        }
      />
      <View query={operations} what="operations">
        {(answer) => (
          <div className="grid items-start gap-3 xl:grid-cols-2">
            <Health answer={answer} />
            {groupsOf(answer.metrics).map((group) => (
              <Figures key={group.title} group={group} />
            ))}
            <Timings metrics={answer.metrics} />
          </div>
        )}
      </View>
    </>
  );
}

function Health({ answer: { status, dependencies } }: { answer: Operations }) {
  const { tone, icon, word } = STATES[status];
  return (
    <Panel
      title="Health"
      actions={
        <>
          <Badge tone={tone}>
            {icon}
            {word}
          </Badge>
          <ExportCsv name="dependencies" rows={dependencies} columns={DEPENDENCIES_CSV} />
        </>
      }
    >
      <Table label="What it works with">
        <thead>
          <tr>
            <Heading>Dependency</Heading>
            <Heading>Needed</Heading>
            <Heading>State</Heading>
          </tr>
        </thead>
        <tbody>
          {dependencies.map(({ name, needed, problem }) => (
            <tr key={name}>
              <Cell className="font-medium">{name}</Cell>
              <Cell>{needed ? "yes" : "it goes on without"}</Cell>
              <Cell>
                <Badge tone={problem == null ? "good" : needed ? "high" : "elevated"}>
                  {problem == null ? <CircleCheck aria-hidden /> : <CircleX aria-hidden />}
                  {problem == null ? "well" : "away"}
                </Badge>{" "}
                {problem}
              </Cell>
            </tr>
          ))}
        </tbody>
      </Table>
    </Panel>
  );
}

function Figures({ group: { title, note, metrics } }: { group: Group }) {
  return (
    <Panel
      title={title}
      note={note}
      actions={
        <ExportCsv
          name={title}
          rows={metrics.flatMap((metric) => metric.series.map((series) => ({ metric, series })))}
          columns={FIGURES_CSV}
        />
      }
    >
      <Table label={title}>
        <thead>
          <tr>
            <Heading>Figure</Heading>
            <Heading>Of</Heading>
            <Heading numeric>Value</Heading>
            <Heading className="w-24">
              <span className="sr-only">Share of the largest of its kind</span>
            </Heading>
          </tr>
        </thead>
        <tbody>{metrics.flatMap((metric) => rows(metric))}</tbody>
      </Table>
    </Panel>
  );
}

function rows(metric: Metric) {
  const most = Math.max(...metric.series.map(({ value }) => value ?? 0));
  return metric.series.map((series, place) => (
    <tr key={`${metric.name} ${labelsOf(series)}`}>
      <Cell>{place === 0 ? <Described metric={metric} /> : <span className="sr-only">{metric.description}</span>}</Cell>
      <Cell className="text-quiet">{labelsOf(series)}</Cell>
      <Cell numeric className="whitespace-nowrap">
        {figure(series.value, metric.unit)}
      </Cell>
      <Cell>{metric.series.length > 1 && <Bar share={most > 0 ? (series.value ?? 0) / most : 0} />}</Cell>
    </tr>
  ));
}

function Timings({ metrics }: { metrics: readonly Metric[] }) {
  const timings = timingsOf(metrics);
  const most = timings[0]?.series.p99 ?? 0;
  return (
    <Panel
      title="Timings"
      note="Since the process began, the slowest first. p50, p99: what 50 % and 99 % do not exceed, estimated."
      actions={<ExportCsv name="timings" rows={timings} columns={TIMINGS_CSV} />}
      className="xl:col-span-2"
    >
      <Table label="Timings">
        <thead>
          <tr>
            <Heading>What</Heading>
            <Heading>Of</Heading>
            <Heading numeric>Number</Heading>
            <Heading numeric>Mean</Heading>
            <Heading numeric>p50</Heading>
            <Heading numeric>p99</Heading>
            <Heading className="w-32">
              <span className="sr-only">p99 against the slowest</span>
            </Heading>
          </tr>
        </thead>
        <tbody>
          {timings.map(({ metric, series }) => (
            <tr key={`${metric.name} ${labelsOf(series)}`}>
              <Cell>
                <Described metric={metric} />
              </Cell>
              <Cell className="text-quiet">{labelsOf(series)}</Cell>
              <Cell numeric>{figure(series.count, "count")}</Cell>
              <Cell numeric>{figure(series.mean, metric.unit)}</Cell>
              <Cell numeric>{figure(series.p50, metric.unit)}</Cell>
              <Cell numeric>{figure(series.p99, metric.unit)}</Cell>
              <Cell>
                <Bar share={most > 0 ? (series.p99 ?? 0) / most : 0} />
              </Cell>
            </tr>
          ))}
        </tbody>
      </Table>
    </Panel>
  );
}

/** What a metric is; its name at /metrics is the tip. */
function Described({ metric: { name, description } }: { metric: Metric }) {
  return <Tip says={name}>{description.replace(/\.$/, "")}</Tip>;
}

/** A bar beside the number that it draws. */
function Bar({ share }: { share: number }) {
  return (
    <div aria-hidden className="h-1.5 min-w-16 rounded bg-raised">
      <div className="h-full rounded bg-accent" style={{ width: `${Math.max(0, Math.min(1, share)) * 100}%` }} />
    </div>
  );
}
