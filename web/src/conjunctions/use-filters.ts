"use client";

import { useSearchParams } from "next/navigation";
import { useCallback, useMemo } from "react";

import { read, write, type Filters } from "./filters";

/** Goes to an address of this page without asking the server for it: back and forward work as with any other. */
export function show(search: string, replace = false): void {
  const address = `${location.pathname}${search}`;
  if (replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
}

interface UsedFilters {
  filters: Filters;
  problems: string[];
  /** Changes some of them. `replace`: without a new place in the history, as while somebody types. */
  change: (changed: Partial<Filters>, replace?: boolean) => void;
}

/** The filters, which are those of the address. */
export function useFilters(): UsedFilters {
  const search = useSearchParams();
  const { filters, problems } = useMemo(() => read(search), [search]);
  const change = useCallback((changed: Partial<Filters>, replace = false) => {
    // Those of the address as it is now: what was changed a moment ago may not be drawn yet.
    const { filters: standing } = read(new URLSearchParams(location.search));
    show(write({ ...standing, ...changed }), replace);
  }, []);
  return { filters, problems, change };
}
