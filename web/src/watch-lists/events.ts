"use client";

/** The next and the riskiest event of each satellite on a list, with few requests. */
import { useMemo } from "react";

import { api, type Conjunction, type Schemas } from "@/api/client";
import { useEventStep } from "@/time/reference";

type WatchList = Schemas["WatchListRow"];

/** So many events of a list are read at once, in either order. */
const READ = 1_000;

export type Order = "tca" | "probability";

/** The first event of each object, of events in an order. */
export function firstOfEach(events: readonly Conjunction[]): Map<number, Conjunction> {
  const first = new Map<number, Conjunction>();
  for (const event of events) {
    for (const { catalog_number: number } of event.objects) if (!first.has(number)) first.set(number, event);
  }
  return first;
}

/** What is known of an object's first event: the event; null where there is none; undefined where it must be asked for. */
export type Known = Conjunction | null | undefined;

export interface ListEvents {
  of: (number: number, order: Order) => Known;
  isPending: boolean;
  error: unknown;
  retry: () => void;
}

export function useListEvents(list: WatchList): ListEvents {
  const step = useEventStep();
  const next = useFirst(list.id, "tca", step);
  const riskiest = useFirst(list.id, "probability", step);
  return useMemo(
    () => ({
      of: (number, order) => {
        const { first, isWhole } = order === "tca" ? next : riskiest;
        return first.get(number) ?? (isWhole ? null : undefined);
      },
      isPending: next.isPending || riskiest.isPending,
      error: next.error ?? riskiest.error,
      retry: () => {
        next.retry();
        riskiest.retry();
      },
    }),
    [next, riskiest],
  );
}

function useFirst(watchList: string, order: Order, step: number | null) {
  const { data, isPending, error, refetch } = api.useQuery(
    "get",
    "/api/v1/conjunctions",
    { params: { query: { watch_list: watchList, status: "active", relation: false, sort: order, limit: READ, tca_from: new Date(step ?? 0).toISOString() } } },
    { enabled: step !== null },
  );
  return useMemo(
    () => ({ first: firstOfEach(data?.items ?? []), isWhole: data !== undefined && data.next_cursor == null, isPending, error, retry: () => void refetch() }),
    [data, isPending, error, refetch],
  );
}

/** The first event of one object: for those that the events of the list do not reach. Asked for only where it is seen. */
export function useFirstOf(number: number, order: Order, known: Known, isAsked: boolean): Known {
  const step = useEventStep();
  const { data } = api.useQuery(
    "get",
    "/api/v1/conjunctions",
    { params: { query: { object: number, status: "active", relation: false, sort: order, limit: 1, tca_from: new Date(step ?? 0).toISOString() } } },
    { enabled: isAsked && known === undefined && step !== null },
  );
  if (known !== undefined || data === undefined) return known;
  return data.items[0] ?? null;
}
