"use client";

/** Names of the watch lists and webhooks that rules speak of. */
import { useMemo } from "react";

import { api } from "@/api/client";
import type { Names } from "./sentence";

export function useNames(): Names {
  const lists = api.useQuery("get", "/api/v1/watch-lists", {});
  const webhooks = api.useQuery("get", "/api/v1/webhooks", {});
  return useMemo(() => {
    const named = (items: readonly { id: string; name: string }[] | undefined) => {
      const names = new Map(items?.map(({ id, name }) => [id, name]));
      return (id: string) => names.get(id) ?? (items === undefined ? "…" : `${id.slice(0, 8)} (removed)`);
    };
    return { watchList: named(lists.data?.items), webhook: named(webhooks.data?.items) };
  }, [lists.data, webhooks.data]);
}
