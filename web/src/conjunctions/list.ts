"use client";

import { keepPreviousData } from "@tanstack/react-query";
import { useMemo } from "react";

import { api, type Conjunction } from "@/api/client";
import type { ListQuery } from "./filters";

const PAGE = 200;

/** The conjunctions of a query, page after page; null: which ones is not known yet. */
export function useConjunctions(query: ListQuery | null) {
  const list = api.useInfiniteQuery(
    "get",
    "/api/v1/conjunctions",
    { params: { query: { ...query, limit: PAGE } } },
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
