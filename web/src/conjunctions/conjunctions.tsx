"use client";

/** The conjunctions: a table of as many as there are, filtered and sorted by the service. */
import { Download } from "lucide-react";
import { useRouter } from "next/navigation";
import { Suspense, useCallback, useMemo, useRef, useState } from "react";

import { http } from "@/api/client";
import { filesOf } from "@/api/list-files";
import { ExportDialog } from "@/table/export-dialog";
import { DataTable } from "@/table/data-table";
import { useEventStep } from "@/time/reference";
import { Button } from "@/ui/button";
import { cn } from "@/ui/cn";
import { PageHeader } from "@/ui/panel";
import { Empty, Loading, View } from "@/ui/state";
import { count } from "@/units/format";
import { ColumnMenu, useColumnChoice } from "./column-choice";
import { COLUMNS } from "./columns";
import { FilterBar } from "./filter-bar";
import { DEFAULTS, oneOf, queryOf, SORTS, write, type Filters } from "./filters";
import { useConjunctions, useCount, type Count } from "./list";
import { useFilters } from "./use-filters";
import { ViewBar } from "./view-bar";
import { STATUS_WORDS } from "./words";

export function Conjunctions() {
  return (
    <div className="flex h-full min-h-96 flex-col gap-2">
      <Suspense fallback={<Loading what="conjunctions" rows={12} />}>
        <Content />
      </Suspense>
    </div>
  );
}

function Content() {
  const router = useRouter();
  const { filters, problems, change } = useFilters();
  const reference = useEventStep();
  const [exporting, setExporting] = useState(false);
  const { isShown, choose } = useColumnChoice();

  const query = useMemo(() => queryOf(filters, reference), [filters, reference]);
  const isReady = filters.withinHours === undefined || reference !== null;
  const list = useConjunctions(isReady ? query : null);
  const counted = useCount(isReady ? query : null);
  const total = counted.count;
  const columns = useMemo(() => COLUMNS.filter(isShown), [isShown]);

  const { fetchNextPage, hasNextPage, isFetchingNextPage } = list;
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);

  const place = useRef<HTMLDivElement>(null);
  const readAnew = () => {
    // The button goes; who goes on by keys goes on in the table.
    place.current?.querySelector<HTMLElement>("tr[tabindex='0']")?.focus({ preventScroll: true });
    list.readAnew();
  };

  return (
    <>
      <PageHeader
        title="Conjunctions"
        actions={
          <>
            <span role="status" className="text-quiet tabular-nums">
              {list.isPlaceholderData ? "Filtering" : list.data !== undefined && found(counted, list.data.length, hasNextPage)}
            </span>
            <OfAll filters={filters} total={total} />
            <ColumnMenu columns={COLUMNS} isShown={isShown} choose={choose} />
            <Button disabled={!isReady} onClick={() => setExporting(true)}>
              <Download />
              Export
            </Button>
          </>
        }
      />
      <ViewBar search={write(filters)} />
      <FilterBar filters={filters} reference={reference} change={change} />
      {problems.length > 0 && (
        <p role="alert" className="rounded-md bg-elevated-soft px-3 py-1.5 text-elevated">
          In the address: {problems.join("; ")}.
        </p>
      )}
      <div ref={place} className={cn("flex min-h-0 flex-1 flex-col", list.isPlaceholderData && "opacity-70")}>
        <View
          query={list}
          what="conjunctions"
          loading={<Loading what="conjunctions" rows={16} />}
          isEmpty={(rows) => rows.length === 0}
          empty={
            <Empty title="No conjunction matches">
              <p>Nothing that was screened is within these filters.</p>
              <Button className="mt-2" onClick={() => change({ ...DEFAULTS, sort: filters.sort, backward: filters.backward })}>
                Clear the filters
              </Button>
            </Empty>
          }
        >
          {(rows) => (
            <DataTable
              label="Conjunctions"
              className="flex-1 text-[0.86rem]"
              total={total}
              columns={columns}
              rows={rows}
              rowId={({ id }) => id}
              sort={filters.sort}
              backward={filters.backward}
              onSort={(by, backward) => change({ sort: oneOf(SORTS, by) ?? DEFAULTS.sort, backward })}
              onOpen={({ id }) => router.push(`/event?id=${id}`)}
              onEnd={more}
              place={{ of: "conjunctions", search: write(filters) }}
            />
          )}
        </View>
      </div>
      {/* Below the rows, which so stay where they are. */}
      <div className={list.isOld ? "flex items-center gap-3 rounded-md bg-accent-soft px-3 py-1" : "-mt-2"}>
        <p role="status" className="flex-1">
          {list.isOld && "There are new results since these rows were read."}
        </p>
        {list.isOld && (
          <Button size="small" onClick={readAnew}>
            Read anew
          </Button>
        )}
      </div>
      <ExportDialog
        what="conjunctions"
        files={filesOf((added, options) => http.GET("/api/v1/conjunctions", { params: { query: { ...query, ...added } }, ...options }))}
        open={exporting}
        onOpenChange={setExporting}
      />
    </>
  );
}

/** How many match; until that is known, how many were read. */
export function found({ count: total, isUnknown }: Count, rows: number, more: boolean): string {
  if (total === undefined && more) {
    return `${count(rows)} rows read; more as you scroll${isUnknown ? "; how many match cannot be read" : ""}`;
  }
  const matches = total ?? rows;
  return `${count(matches)} ${matches === 1 ? "conjunction" : "conjunctions"}`;
}

/** Of how many, where the filters leave some out. */
function OfAll({ filters, total }: { filters: Filters; total: number | undefined }) {
  const { status, relations } = filters;
  const { count: all } = useCount(queryOf({ ...DEFAULTS, status, relations }, null));
  if (all === undefined || total === undefined || all === total) return null;
  return (
    <span className="text-quiet tabular-nums">
      of {count(all)} {STATUS_WORDS[status].short.toLowerCase()}
    </span>
  );
}
