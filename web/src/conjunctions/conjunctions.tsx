"use client";

/** The conjunctions: a table of as many as there are, filtered and sorted by the service. */
import { Download } from "lucide-react";
import { useRouter } from "next/navigation";
import { Suspense, useCallback, useMemo, useState } from "react";

import { DataTable } from "@/table/data-table";
import { Button } from "@/ui/button";
import { cn } from "@/ui/cn";
import { PageHeader } from "@/ui/panel";
import { Empty, Loading, View } from "@/ui/state";
import { count } from "@/units/format";
import { ColumnMenu, useColumnChoice } from "./column-choice";
import { COLUMNS } from "./columns";
import { ExportDialog } from "./export-dialog";
import { FilterBar } from "./filter-bar";
import { DEFAULTS, oneOf, queryOf, SORTS, write } from "./filters";
import { useConjunctions } from "./list";
import { useReference } from "./reference";
import { useFilters } from "./use-filters";
import { ViewBar } from "./view-bar";

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
  const reference = useReference();
  const [exporting, setExporting] = useState(false);
  const { isShown, choose } = useColumnChoice();

  const query = useMemo(() => queryOf(filters, reference), [filters, reference]);
  const isReady = filters.withinHours === undefined || reference !== null;
  const list = useConjunctions(isReady ? query : null);
  const columns = useMemo(() => COLUMNS.filter(isShown), [isShown]);

  const { fetchNextPage, hasNextPage, isFetchingNextPage } = list;
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);

  return (
    <>
      <PageHeader
        title="Conjunctions"
        actions={
          <>
            <span role="status" className="text-quiet tabular-nums">
              {list.isPlaceholderData ? "Filtering" : list.data !== undefined && found(list.data.length, hasNextPage)}
            </span>
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
      <div className={cn("flex min-h-0 flex-1 flex-col", list.isPlaceholderData && "opacity-70")}>
        <View
          query={list}
          what="conjunctions"
          loading={<Loading what="conjunctions" rows={16} />}
          isEmpty={(rows) => rows.length === 0}
          empty={
            <Empty title="No conjunction matches">
              <p>Nothing that was screened is within these filters.</p>
              <Button className="mt-2" onClick={() => change({ ...DEFAULTS, sort: filters.sort })}>
                Clear the filters
              </Button>
            </Empty>
          }
        >
          {(rows) => (
            <DataTable
              label="Conjunctions"
              className="flex-1"
              columns={columns}
              rows={rows}
              rowId={({ id }) => id}
              sort={filters.sort}
              onSort={(by) => change({ sort: oneOf(SORTS, by) ?? DEFAULTS.sort })}
              onOpen={({ id }) => router.push(`/event?id=${id}`)}
              onEnd={more}
            />
          )}
        </View>
      </div>
      <ExportDialog query={query} open={exporting} onOpenChange={setExporting} />
    </>
  );
}

function found(rows: number, more: boolean): string {
  return more ? `${count(rows)} rows read; more as you scroll` : `${count(rows)} ${rows === 1 ? "conjunction" : "conjunctions"}`;
}
