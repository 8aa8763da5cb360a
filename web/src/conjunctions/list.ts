"use client";

import { keepPreviousData } from "@tanstack/react-query";
import { useMemo } from "react";

import { api, inWords, type Conjunction, type Schemas } from "@/api/client";
import type { ListQuery } from "./filters";

const PAGE = 200;

/** The conjunctions of a query, page after page; null: which ones is not known yet. */
export function useConjunctions(query: ListQuery | null) {
  const list = api.useInfiniteQuery(
    "get",
    "/api/v1/conjunctions",
    { params: { query: { ...query, trend: true, limit: PAGE } } },
    {
      pageParamName: "cursor",
      // Not undefined, which openapi-react-query takes for 0.
      initialPageParam: null,
      getNextPageParam: (last) => last.next_cursor ?? undefined,
      // The rows of before stay until those of the new filters are there: nothing jumps.
      placeholderData: keepPreviousData,
      enabled: query !== null,
    },
  );
  const pages = list.data?.pages;
  const rows = useMemo<Conjunction[] | undefined>(() => pages?.flatMap(({ items }) => items), [pages]);
  return { ...list, data: rows };
}

export interface Count {
  /** Undefined until it is known. */
  count: number | undefined;
  /** Whether it could not be read. */
  isUnknown: boolean;
}

/** How many a query matches. */
export function useCount(query: ListQuery | null): Count {
  const filters = { ...query };
  // Which order they are in does not matter.
  delete filters.sort;
  const counted = api.useQuery("get", "/api/v1/conjunctions/count", { params: { query: filters } }, { enabled: query !== null });
  return { count: counted.data?.count, isUnknown: counted.data === undefined && counted.error !== null };
}

/** More than these are not looked up: the newest count. */
const HANDLED = 1_000;

export type Handled = Schemas["HandledRow"];

/** What the organization noted. */
export interface AllHandled {
  byConjunction: ReadonlyMap<string, Handled>;
  /** Why nobody can say of a conjunction that is not among them that nothing was noted; null where that can be said. */
  gap: string | null;
}

/** What the organization noted, by conjunction. */
export function useHandled(): AllHandled {
  const { data, error } = api.useQuery("get", "/api/v1/conjunctions/handled", { params: { query: { limit: HANDLED } } });
  return useMemo(() => {
    const byConjunction = new Map(data?.items.map((row) => [row.conjunction, row]));
    if (data !== undefined) {
      return { byConjunction, gap: data.next_cursor == null ? null : `Not among the newest ${HANDLED} that were noted about` };
    }
    return { byConjunction, gap: error === null ? "Not read yet" : `Cannot be read: ${inWords(error)}` };
  }, [data, error]);
}
