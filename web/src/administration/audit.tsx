"use client";

/** The log of writes: who did what, and when. */
import { useInfiniteQuery } from "@tanstack/react-query";
import type { Route } from "next";
import { useRouter, useSearchParams } from "next/navigation";
import { useCallback, useState, type FormEvent } from "react";

import { http, inWords, type Schemas } from "@/api/client";
import { DataTable, type Column } from "@/table/data-table";
import { Time } from "@/time/time";
import { Button } from "@/ui/button";
import { csv, download } from "@/ui/csv";
import { Field, Input } from "@/ui/field";
import { Panel } from "@/ui/panel";
import { View } from "@/ui/state";
import { Tip } from "@/ui/tip";
import { count } from "@/units/format";
import { FIELDS, filterOf, queryOf, type Filter } from "./audit-filter";
import { Wrong } from "./parts";

type Line = Schemas["AuditRow"];

const PAGE = 200;
/** As many as the service gives at once. */
const FILE_PAGE = 1_000;

const COLUMNS: Column<Line>[] = [
  { id: "at", header: "When", cell: ({ row }) => <Time value={row.original.at} digits={3} /> },
  { id: "by", header: "Who", cell: ({ row }) => <Tip says={row.original.principal ?? undefined}>{row.original.by}</Tip> },
  { id: "action", header: "What", cell: ({ row }) => row.original.action },
  { id: "target", header: "To what", cell: ({ row }) => row.original.target, meta: { className: "max-w-96 truncate" } },
  { id: "address", header: "From address", cell: ({ row }) => row.original.address ?? "–" },
  { id: "request", header: "Request", cell: ({ row }) => <span className="font-mono text-xs">{row.original.request_id ?? "–"}</span> },
];

async function page(filter: Filter, limit: number, cursor: string | null, signal?: AbortSignal) {
  const query = { ...queryOf(filter), limit, ...(cursor === null ? {} : { cursor }) };
  const { data, error } = await http.GET("/api/v1/audit", { params: { query }, ...(signal === undefined ? {} : { signal }) });
  if (data === undefined) throw error;
  return data;
}

/** All lines, page after page, as a file. */
async function wholeFile(filter: Filter): Promise<string> {
  const lines: Line[] = [];
  for (let cursor: string | null = null; ; ) {
    const next: Awaited<ReturnType<typeof page>> = await page(filter, FILE_PAGE, cursor);
    lines.push(...next.items);
    cursor = next.next_cursor ?? null;
    if (cursor === null) break;
  }
  const header = ["at", "by", "action", "target", "address", "request_id", "principal"];
  return csv(
    header,
    lines.map((line) => [line.at, line.by, line.action, line.target, line.address, line.request_id, line.principal]),
  );
}

export function Audit() {
  const filter = filterOf(new URLSearchParams(useSearchParams()));
  const lines = useInfiniteQuery({
    queryKey: ["get", "/api/v1/audit", filter],
    queryFn: ({ pageParam, signal }) => page(filter, PAGE, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next_cursor: next }) => next ?? undefined,
    staleTime: 0,
  });
  const { hasNextPage, isFetching, fetchNextPage } = lines;
  const onEnd = useCallback(() => {
    if (hasNextPage && !isFetching) void fetchNextPage();
  }, [hasNextPage, isFetching, fetchNextPage]);
  const [problem, setProblem] = useState<string>();
  const [writing, setWriting] = useState(false);
  const file = async () => {
    setWriting(true);
    setProblem(undefined);
    try {
      download("audit.csv", await wholeFile(filter), "text/csv");
    } catch (error) {
      setProblem(inWords(error));
    }
    setWriting(false);
  };
  return (
    <Panel
      title="Audit log"
      note="Every write, the newest first. Nobody can change it."
      actions={
        <>
          <Button size="small" disabled={isFetching} onClick={() => void lines.refetch()}>
            Read anew
          </Button>
          <Button size="small" disabled={writing} onClick={() => void file()}>
            As CSV
          </Button>
        </>
      }
    >
      <FilterForm key={JSON.stringify(filter)} filter={filter} />
      <Wrong problem={problem} />
      <View query={lines} what="the audit log" isEmpty={({ pages }) => pages[0]?.items.length === 0}>
        {({ pages }) => {
          const rows = pages.flatMap(({ items }) => items);
          return (
            <>
              <DataTable
                label="Audit log"
                columns={COLUMNS}
                rows={rows}
                rowId={(line) => `${line.at} ${line.request_id} ${line.action} ${line.target}`}
                onEnd={onEnd}
                className="h-[calc(100vh-20rem)] min-h-64"
              />
              <p className="mt-1 text-quiet">
                {count(rows.length)} lines{hasNextPage && " so far"}
              </p>
            </>
          );
        }}
      </View>
    </Panel>
  );
}

const LABELS: Record<(typeof FIELDS)[number], string> = {
  by: "Who",
  action: "What (“webhook.”: all of webhooks)",
  target: "To what",
  from: "From the day (UTC)",
  until: "To the day (UTC)",
};

// A field for dates would write them as the browser's language does, which others take for another day.
const DAY = { placeholder: "YYYY-MM-DD", pattern: "[0-9]{4}-[0-9]{2}-[0-9]{2}", maxLength: 10 };

function isDay(field: keyof Filter): boolean {
  return field === "from" || field === "until";
}

function FilterForm({ filter }: { filter: Filter }) {
  const router = useRouter();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    const query = new URLSearchParams({ part: "audit" });
    for (const field of FIELDS) {
      const value = String(given.get(field) ?? "").trim();
      if (value !== "") query.set(field, value);
    }
    router.replace(`/administration/?${query}` as Route);
  };
  return (
    <form onSubmit={submit} aria-label="Filter of the audit log" className="mb-3 flex flex-wrap items-end gap-2">
      {FIELDS.map((field) => (
        <Field key={field} label={LABELS[field]} className="min-w-36 flex-1">
          {(props) => <Input {...props} name={field} {...(isDay(field) && DAY)} defaultValue={filter[field] ?? ""} />}
        </Field>
      ))}
      <Button type="submit">Filter</Button>
    </form>
  );
}
