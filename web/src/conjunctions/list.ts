"use client";

import { keepPreviousData, useQueryClient, type InfiniteData } from "@tanstack/react-query";
import { useCallback, useMemo, useState, useSyncExternalStore } from "react";

import { isReadByHand, type ReadByHand } from "@/api/changed";
import { api, type Conjunction, type Schemas } from "@/api/client";
import type { ListQuery } from "./filters";

const PAGE = 200;
/**
 * So many pages are read anew at most, one after another: the rest is left, and comes again as one scrolls. Who has
 * scrolled far would else have hundreds read anew at each change; where they are, and when that is read, is theirs to say.
 */
export const READ_ANEW = 5;
const META: ReadByHand = { longestReadAnew: READ_ANEW };

type Page = Schemas["List_ConjunctionRow"];

/** The conjunctions of a query, page after page; null: which ones is not known yet. */
export function useConjunctions(query: ListQuery | null) {
  const client = useQueryClient();
  const init = { params: { query: { ...query, trend: true, handling: true, limit: PAGE } } };
  const queryKey = ["get", "/api/v1/conjunctions", init, "pages"];
  // Only when pages are read anew are they others than those that are held.
  const isHeld = (pages: Page[]) => client.getQueryData<InfiniteData<Page>>(queryKey)?.pages === pages;
  const list = api.useInfiniteQuery(
    "get",
    "/api/v1/conjunctions",
    init,
    {
      pageParamName: "cursor",
      // Not undefined, which openapi-react-query takes for 0.
      initialPageParam: null,
      getNextPageParam: (last, pages) => (pages.length < READ_ANEW || isHeld(pages) ? (last.next_cursor ?? undefined) : undefined),
      // Who comes back to the page or to the window finds the row that they left; the stream tells of changes.
      refetchOnMount: isReadByItself,
      refetchOnReconnect: isReadByItself,
      refetchOnWindowFocus: isReadByItself,
      meta: META,
      // The rows of before stay until those of the new filters are there: nothing jumps.
      placeholderData: keepPreviousData,
      enabled: query !== null,
    },
  );
  const pages = list.data?.pages;
  const rows = useMemo<Conjunction[] | undefined>(() => pages?.flatMap(({ items }) => items), [pages]);

  const cache = client.getQueryCache();
  const subscribe = useCallback((listener: () => void) => cache.subscribe(listener), [cache]);
  const isChanged = useSyncExternalStore(
    subscribe,
    () => client.getQueryState(queryKey)?.isInvalidated ?? false,
    () => false,
  );
  // Reading on takes the mark of a change away, but leaves the rows as old as they are.
  const [old, setOld] = useState<Page>();
  const first = pages?.[0];
  const isLong = (pages?.length ?? 0) > READ_ANEW && !list.isPlaceholderData;
  if (isChanged && isLong && !list.isRefetching && first !== old) setOld(first);
  const readAnew = () => {
    setOld(undefined);
    void list.refetch();
  };
  return { ...list, data: rows, isOld: isLong && first !== undefined && first === old, readAnew };
}

const isReadByItself = (query: Parameters<typeof isReadByHand>[0]) => !isReadByHand(query);

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
  delete filters.direction;
  const counted = api.useQuery("get", "/api/v1/conjunctions/count", { params: { query: filters } }, { enabled: query !== null });
  return { count: counted.data?.count, isUnknown: counted.data === undefined && counted.error !== null };
}
