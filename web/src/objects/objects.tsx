"use client";

/** The catalog as a table: searched and filtered by the service, read page by page as one scrolls. */
import { keepPreviousData } from "@tanstack/react-query";
import { Download } from "lucide-react";
import type { Route } from "next";
import { useRouter } from "next/navigation";
import { useCallback, useMemo, useState } from "react";

import { api, http } from "@/api/client";
import { filesOf } from "@/api/list-files";
import { DataTable } from "@/table/data-table";
import { ExportDialog } from "@/table/export-dialog";
import { Button } from "@/ui/button";
import { cn } from "@/ui/cn";
import { Field, Input, Select } from "@/ui/field";
import { PageHeader } from "@/ui/panel";
import { Empty, Loading, View } from "@/ui/state";
import { count } from "@/units/format";
import { KIND_WORDS } from "@/globe/classes";
import { COLUMNS, type ObjectRow } from "./columns";
import { KIND_CHOICES, addressOf, askedOf, filtersOf, kilometers, type ObjectFilters } from "./filters";
import { useFilters, useSettled } from "./use-filters";

const ROWS = 200;

export function Objects() {
  const router = useRouter();
  const [exporting, setExporting] = useState(false);
  const { filters, change } = useFilters();
  const address = addressOf(filters);
  const settled = useSettled(address);
  const asked = useMemo(() => askedOf(filtersOf(new URLSearchParams(settled))), [settled]);
  const objects = api.useInfiniteQuery(
    "get",
    "/api/v1/objects",
    { params: { query: { ...asked, limit: ROWS } } },
    {
      pageParamName: "cursor",
      // Not undefined, which openapi-react-query takes for 0.
      initialPageParam: null,
      getNextPageParam: (page) => page.next_cursor ?? undefined,
      placeholderData: keepPreviousData,
    },
  );
  const rows = useMemo(() => objects.data?.pages.flatMap(({ items }) => items) ?? [], [objects.data]);
  // Of other filters than those that stand there.
  const isOld = objects.isPlaceholderData || settled !== address;
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = objects;
  const onEnd = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const open = useCallback((row: ObjectRow) => router.push(`/object?number=${row.catalog_number}` as Route), [router]);

  return (
    <div className="flex h-full flex-col">
      <PageHeader
        title="Objects"
        note="Everything in the catalog, by catalog number."
        actions={
          <>
            <span className="text-quiet tabular-nums" role="status">
              {objects.data === undefined ? "" : isOld ? "Filtering" : `${count(rows.length)} read${hasNextPage ? ", more below" : ", that is all"}`}
            </span>
            <Button size="small" disabled={rows.length === 0} onClick={() => setExporting(true)}>
              <Download /> Export
            </Button>
          </>
        }
      />
      <ExportDialog
        what="objects"
        files={filesOf((added, options) => http.GET("/api/v1/objects", { params: { query: { ...asked, ...added } }, ...options }))}
        open={exporting}
        onOpenChange={setExporting}
      />
      <Form filters={filters} onChange={change} />
      <div className={cn("flex min-h-0 flex-1 flex-col", isOld && "opacity-70")}>
        <View
          query={objects}
          what="objects"
          loading={<Loading what="objects" rows={12} />}
          isEmpty={() => rows.length === 0}
          empty={<Empty title="No object matches">Take back a filter, or search for another name or number.</Empty>}
        >
          {() => (
            <DataTable
              label="Objects"
              className="flex-1"
              columns={COLUMNS}
              rows={rows}
              rowId={(row) => String(row.catalog_number)}
              total={hasNextPage ? undefined : rows.length}
              onOpen={open}
              onEnd={onEnd}
              place={{ of: "objects", search: address }}
            />
          )}
        </View>
      </div>
    </div>
  );
}

function Form({ filters, onChange }: { filters: ObjectFilters; onChange: (part: Partial<ObjectFilters>) => void }) {
  const wrong = (text: string) => (text.trim() !== "" && kilometers(text) === null ? "A number of km is due." : undefined);
  return (
    <form aria-label="Filters" role="search" className="mb-3 grid grid-cols-[2fr_1fr_1fr_1fr_1fr] gap-3" onSubmit={(event) => event.preventDefault()}>
      <Field label="Search">
        {(props) => (
          <Input
            {...props}
            type="search"
            placeholder="Name, designator or catalog number"
            maxLength={100}
            value={filters.search}
            onChange={(event) => onChange({ search: event.target.value })}
          />
        )}
      </Field>
      <Field label="Kind">
        {(props) => (
          <Select
            {...props}
            value={filters.kind}
            onChange={(event) => onChange({ kind: KIND_CHOICES.find((kind) => kind === event.target.value) ?? "" })}
          >
            <option value="">All kinds</option>
            {KIND_CHOICES.map((kind) => (
              <option key={kind} value={kind}>
                {KIND_WORDS[kind].name}
              </option>
            ))}
          </Select>
        )}
      </Field>
      <Field label="Owner">
        {(props) => (
          <Input {...props} placeholder="Code, as US" maxLength={16} value={filters.owner} onChange={(event) => onChange({ owner: event.target.value })} />
        )}
      </Field>
      <Field label="Perigee from (km)" error={wrong(filters.minPerigee)}>
        {(props) => <Input {...props} inputMode="decimal" value={filters.minPerigee} onChange={(event) => onChange({ minPerigee: event.target.value })} />}
      </Field>
      <Field label="Apogee to (km)" error={wrong(filters.maxApogee)}>
        {(props) => <Input {...props} inputMode="decimal" value={filters.maxApogee} onChange={(event) => onChange({ maxApogee: event.target.value })} />}
      </Field>
    </form>
  );
}
