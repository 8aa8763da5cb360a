"use client";

/** Screening runs, the newest first. */
import { CircleCheck, CircleX, LoaderCircle } from "lucide-react";
import { useState } from "react";

import { api, type Run } from "@/api/client";
import { slicesDone, useStream } from "@/stream/provider";
import { useNow } from "@/time/clock";
import { span } from "@/time/format";
import { Ago, Time } from "@/time/time";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { ExportCsv, type CsvColumns } from "@/ui/export-csv";
import { Panel } from "@/ui/panel";
import { Empty, View } from "@/ui/state";
import { Cell, Heading, Table } from "@/ui/table";
import { Tip } from "@/ui/tip";
import { count } from "@/units/format";
import { NotScreened } from "./not-screened";

const PAGE = 20;
const COLUMNS = 9;

const CSV: CsvColumns<Run> = {
  id: ({ id }) => id,
  started_utc: ({ started }) => started,
  finished_utc: ({ finished }) => finished,
  state: ({ state }) => state,
  kind: ({ kind }) => kind,
  public: (run) => run.public,
  window_start_utc: ({ window_start: start }) => start,
  window_stop_utc: ({ window_stop: stop }) => stop,
  threshold_km: ({ threshold_km: km }) => km,
  objects: ({ objects }) => objects,
  not_screened: ({ not_screened: left }) => left,
  conjunctions: ({ conjunctions }) => conjunctions,
  problem: ({ problem }) => problem,
  build: ({ build }) => build,
};

export function Runs() {
  const [opened, open] = useState<string | null>(null);
  const runs = api.useInfiniteQuery(
    "get",
    "/api/v1/runs",
    { params: { query: { limit: PAGE } } },
    // Not undefined, which openapi-react-query takes for 0.
    { pageParamName: "cursor", initialPageParam: null, getNextPageParam: ({ next_cursor: next }) => next ?? undefined },
  );
  return (
    <Panel
      title="Screening runs"
      note="Each screens a window of time anew. What is shown elsewhere comes from the newest that completed."
      actions={<ExportCsv name="screening runs" rows={runs.data?.pages.flatMap(({ items }) => items)} columns={CSV} hasMore={runs.hasNextPage} />}
    >
      <View
        query={runs}
        what="runs"
        isEmpty={({ pages }) => pages[0]?.items.length === 0}
        empty={<Empty title="Nothing was screened yet">A run begins by itself once a feed or an upload has brought element sets.</Empty>}
      >
        {({ pages }) => (
          <>
            <Table label="Screening runs">
              <thead>
                <tr>
                  <Heading>Started</Heading>
                  <Heading>State</Heading>
                  <Heading>Screens</Heading>
                  <Heading>Window</Heading>
                  <Heading numeric>Within</Heading>
                  <Heading numeric>Objects</Heading>
                  <Heading numeric>Conjunctions</Heading>
                  <Heading numeric>Took</Heading>
                  <Heading>Not screened</Heading>
                </tr>
              </thead>
              <tbody>
                {pages
                  .flatMap(({ items }) => items)
                  .map((run) => (
                    <Row key={run.id} run={run} opened={opened === run.id} toggle={() => open(opened === run.id ? null : run.id)} />
                  ))}
              </tbody>
            </Table>
            {runs.hasNextPage && (
              <Button className="mt-2" disabled={runs.isFetchingNextPage} onClick={() => void runs.fetchNextPage()}>
                Older runs
              </Button>
            )}
          </>
        )}
      </View>
    </Panel>
  );
}

function Row({ run, opened, toggle }: { run: Run; opened: boolean; toggle: () => void }) {
  return (
    <>
      <tr>
        <Cell>
          <Ago value={run.started} />
        </Cell>
        <Cell>
          <State run={run} />
        </Cell>
        <Cell>
          <Tip says={`Build ${run.build}`}>
            {run.public ? "the public catalog" : "your own data"}
            {run.kind === "ephemerides" && ", ephemerides"}
          </Tip>
        </Cell>
        <Cell>
          <Time value={run.window_start} /> – <Time value={run.window_stop} />
        </Cell>
        <Cell numeric>{run.threshold_km} km</Cell>
        <Cell numeric>{count(run.objects)}</Cell>
        <Cell numeric>{run.state === "completed" ? count(run.conjunctions) : "–"}</Cell>
        <Cell numeric>
          <Took run={run} />
        </Cell>
        <Cell>
          {run.not_screened === 0 ? (
            "none"
          ) : (
            <Button size="small" aria-expanded={opened} onClick={toggle}>
              {count(run.not_screened)}: {opened ? "hide" : "show"}
            </Button>
          )}
        </Cell>
      </tr>
      {run.state === "failed" && (
        <tr>
          <td colSpan={COLUMNS} className="border-b border-line px-2 pb-1.5 text-high">
            It failed: {run.problem ?? "why is not known"}. What the run before it found stays; the next one begins with new data.
          </td>
        </tr>
      )}
      {opened && (
        <tr>
          <td colSpan={COLUMNS} className="border-b border-line bg-ground p-2">
            <NotScreened run={run.id} />
          </td>
        </tr>
      )}
    </>
  );
}

function State({ run }: { run: Run }) {
  const { progress } = useStream();
  if (run.state === "completed") {
    return (
      <Badge tone="good">
        <CircleCheck aria-hidden />
        completed
      </Badge>
    );
  }
  if (run.state === "failed") {
    return (
      <Badge tone="high">
        <CircleX aria-hidden />
        failed
      </Badge>
    );
  }
  const done = slicesDone(run, progress);
  return (
    <span className="inline-flex items-center gap-1.5 whitespace-nowrap">
      <LoaderCircle aria-hidden className="size-3.5 animate-spin text-accent" />
      <progress aria-label="Slices that are done" value={done} max={run.slices} className="h-1.5 w-20 accent-(--accent)" />
      {done} of {run.slices} slices
    </span>
  );
}

function Took({ run }: { run: Run }) {
  const now = useNow();
  const end = run.finished == null ? now : Date.parse(run.finished);
  return end === null ? null : span(Math.max(0, end - Date.parse(run.started)) / 1_000);
}
