"use client";

/** Element sets against their epochs. */
import { useMemo } from "react";

import { api } from "@/api/client";
import { Plot } from "@/plots/plot";
import { Button } from "@/ui/button";
import { Panel } from "@/ui/panel";
import { Empty, View } from "@/ui/state";
import { count } from "@/units/format";
import { historyOf, type ElementSet } from "./derive";

const ROWS = 1_000;

export function useElementSets(number: number) {
  return api.useInfiniteQuery(
    "get",
    "/api/v1/objects/{number}/element-sets",
    { params: { path: { number }, query: { limit: ROWS, format: "json" } } },
    {
      pageParamName: "cursor",
      // Not undefined, which openapi-react-query takes for 0.
      initialPageParam: null,
      getNextPageParam: (page) => ("next_cursor" in page && typeof page.next_cursor === "string" ? page.next_cursor : undefined),
    },
  );
}

/** Rows of the pages that were read; a page of messages, which is not asked for, has none. */
export function rowsOf(pages: readonly (object | { items: ElementSet[] })[]): ElementSet[] {
  return pages.flatMap((page) => ("items" in page ? page.items : []));
}

export function History({ query }: { query: ReturnType<typeof useElementSets> }) {
  const rows = useMemo(() => rowsOf(query.data?.pages ?? []), [query.data]);
  return (
    <Panel
      title="Element history"
      note={rows.length > 1 ? `${count(rows.length)} element sets${query.hasNextPage ? ", the newest" : ""}` : undefined}
      actions={
        query.hasNextPage && (
          <Button size="small" disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            Read older ones
          </Button>
        )
      }
    >
      <View
        query={query}
        what="element sets"
        isEmpty={() => rows.length < 2}
        empty={
          <Empty title={rows.length === 0 ? "No element set" : "One element set so far"}>
            A history begins with the second one: each that a feed brings is kept.
          </Empty>
        }
      >
        {() => <Plots rows={rows} />}
      </View>
    </Panel>
  );
}

function Plots({ rows }: { rows: ElementSet[] }) {
  const history = useMemo(() => historyOf(rows), [rows]);
  const series = useMemo(
    () => [
      { label: "Perigee and apogee (km)", lines: [{ label: "Perigee (km)", values: history.perigee }, { label: "Apogee (km)", values: history.apogee, dashed: true }] },
      { label: "Mean motion (rev/day)", lines: [{ label: "Mean motion (rev/day)", values: history.meanMotion }] },
      { label: "Inclination (°)", lines: [{ label: "Inclination (°)", values: history.inclination }] },
      { label: "Eccentricity", lines: [{ label: "Eccentricity", values: history.eccentricity }] },
      { label: "B* (1/Earth radii)", lines: [{ label: "B* (1/Earth radii)", values: history.bstar }] },
    ],
    [history],
  );
  return (
    <div className="grid gap-3 lg:grid-cols-2">
      {series.map(({ label, lines }) => (
        <Plot key={label} label={`${label} against the epoch, ${rows.length} element sets.`} x={history.x} series={lines} time yLabel={label} height={170} />
      ))}
    </div>
  );
}
