"use client";

/** What stands in a view's place while it loads, when there is nothing, and when it fails. */
import { CircleAlert, Inbox } from "lucide-react";
import type { ReactNode } from "react";

import { inWords, statusOf } from "@/api/client";
import { Ago } from "@/time/time";
import { Button } from "./button";
import { cn } from "./cn";

export function Loading({ what, rows = 4, className }: { what: string; rows?: number; className?: string }) {
  return (
    <div role="status" className={cn("flex flex-col gap-2", className)}>
      <span className="sr-only">Loading {what}</span>
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} aria-hidden className="h-4 animate-pulse rounded bg-raised" style={{ width: `${92 - ((row * 17) % 40)}%` }} />
      ))}
    </div>
  );
}

/** Nothing to show: why, and what to do about it. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="flex flex-col items-center gap-1 px-4 py-6 text-center">
      <Inbox aria-hidden className="size-6 text-quiet" />
      <p className="font-medium">{title}</p>
      {children !== undefined && <div className="max-w-prose text-quiet">{children}</div>}
    </div>
  );
}

export function Failure({ error, what, retry }: { error: unknown; what: string; retry?: (() => void) | undefined }) {
  const gone = statusOf(error) === 404;
  return (
    <div role="alert" className="flex flex-wrap items-center gap-2 rounded-md border border-high bg-high-soft px-3 py-2 text-high">
      <CircleAlert aria-hidden className="size-4 shrink-0" />
      <p className="min-w-0 flex-1">
        {gone ? `There is no such ${what}` : `Cannot read ${what}`}: {inWords(error)}.
      </p>
      {retry !== undefined && !gone && (
        <Button size="small" onClick={retry}>
          Try again
        </Button>
      )}
    </div>
  );
}

interface Query<T> {
  data: T | undefined;
  error: unknown;
  isPending: boolean;
  dataUpdatedAt: number;
  refetch: () => unknown;
}

interface ViewProps<T> {
  query: Query<T>;
  /** What it shows, for the words: "conjunctions". */
  what: string;
  isEmpty?: (data: T) => boolean;
  empty?: ReactNode;
  loading?: ReactNode;
  children: (data: T) => ReactNode;
}

/** A view of what a query answers, in each of its states: loading, failed, old (a reading failed after one that did not), empty. */
export function View<T>({ query, what, isEmpty, empty, loading, children }: ViewProps<T>) {
  if (query.data === undefined) {
    if (query.error !== null && query.error !== undefined) {
      return <Failure error={query.error} what={what} retry={() => void query.refetch()} />;
    }
    return loading ?? <Loading what={what} />;
  }
  const shown = isEmpty?.(query.data) === true ? (empty ?? <Empty title={`No ${what}`} />) : children(query.data);
  if (query.error === null || query.error === undefined) return shown;
  return (
    <>
      <div role="alert" className="mb-2 flex flex-wrap items-center gap-2 rounded-md bg-elevated-soft px-3 py-1.5 text-elevated">
        <CircleAlert aria-hidden className="size-4" />
        <p className="flex-1">
          Read <Ago value={new Date(query.dataUpdatedAt).toISOString()} />; since then: {inWords(query.error)}.
        </p>
        <Button size="small" onClick={() => void query.refetch()}>
          Try again
        </Button>
      </div>
      {shown}
    </>
  );
}
