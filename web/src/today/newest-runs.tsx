"use client";

/** The newest screenings, and how far the one is that is on. */
import { CircleCheck, TriangleAlert } from "lucide-react";

import { api, type Run } from "@/api/client";
import { slicesDone, useStream } from "@/stream/provider";
import { span } from "@/time/format";
import { Ago } from "@/time/time";
import { Panel } from "@/ui/panel";
import { View } from "@/ui/state";
import { Tip } from "@/ui/tip";
import { count } from "@/units/format";

const SHOWN = 3;

export function NewestRuns() {
  const runs = api.useQuery("get", "/api/v1/runs", { params: { query: { limit: SHOWN } } });
  return (
    <Panel title="Newest runs">
      <View
        query={runs}
        what="runs"
        isEmpty={({ items }) => items.length === 0}
        empty={<p className="text-quiet">Nothing was screened yet. The first run begins when a catalog has arrived.</p>}
      >
        {({ items }) => (
          <ul>
            {items.map((run) => (
              <li key={run.id} className="flex h-[26px] items-center gap-2 px-1.5">
                <RunLine run={run} />
              </li>
            ))}
          </ul>
        )}
      </View>
    </Panel>
  );
}

function RunLine({ run }: { run: Run }) {
  const { progress } = useStream();
  const what = run.kind === "catalog" ? `${count(run.objects)} objects` : `${count(run.objects)} ephemerides`;
  if (run.state === "running") {
    const done = slicesDone(run, progress);
    return (
      <>
        <progress aria-label={`Screening ${what}`} value={done} max={Math.max(1, run.slices)} className="h-1.5 w-24 accent-(--accent)" />
        <span className="truncate">
          Screening {what}: {done} of {run.slices} slices
        </span>
      </>
    );
  }
  if (run.state === "failed") {
    return (
      <>
        <TriangleAlert aria-hidden className="size-4 shrink-0 text-high" />
        <Tip className="truncate text-high" says={run.problem ?? undefined}>
          Failed: {run.problem ?? "unknown reason"}
        </Tip>
      </>
    );
  }
  const took = run.finished == null ? "" : `, in ${span((Date.parse(run.finished) - Date.parse(run.started)) / 1_000)}`;
  return (
    <>
      <CircleCheck aria-hidden className="size-4 shrink-0 text-good" />
      <span className="truncate">
        {count(run.conjunctions)} {run.conjunctions === 1 ? "conjunction" : "conjunctions"} of {what}
        {took}
      </span>
      <span className="ml-auto text-xs text-quiet">{run.finished != null && <Ago value={run.finished} />}</span>
    </>
  );
}
