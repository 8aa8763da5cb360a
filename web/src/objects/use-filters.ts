"use client";

import { useSearchParams } from "next/navigation";
import { useEffect, useState } from "react";

import { addressOf, filtersOf, type ObjectFilters } from "./filters";

/** So long nobody typed: what stands there is asked for. */
const SETTLED_MS = 200;

/** A text once nobody has changed it for a while. */
export function useSettled(text: string): string {
  const [settled, settle] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => settle(text), SETTLED_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}

interface Typed {
  /** As typed: the address has no blanks at the ends. */
  filters: ObjectFilters;
  /** The address that they were held against last. */
  address: string;
  /** Those that were written since, and are not seen yet. */
  written: readonly string[];
}

/** The filters, which are those of the address: of that which is typed, and of one that a link or a key leads to. */
export function useFilters(): { filters: ObjectFilters; change: (part: Partial<ObjectFilters>) => void } {
  const query = useSearchParams();
  const address = addressOf(filtersOf(query));
  const [typed, setTyped] = useState<Typed>(() => ({ filters: filtersOf(query), address, written: [] }));
  if (address !== typed.address) {
    const own = typed.written.indexOf(address);
    setTyped(own >= 0 ? { ...typed, address, written: typed.written.slice(own + 1) } : { filters: filtersOf(query), address, written: [] });
  }
  const change = (part: Partial<ObjectFilters>) => {
    const filters = { ...typed.filters, ...part };
    const to = addressOf(filters);
    setTyped({ ...typed, filters, written: to === (typed.written.at(-1) ?? typed.address) ? typed.written : [...typed.written, to] });
    history.replaceState(null, "", `${location.pathname}${to}`);
  };
  return { filters: typed.filters, change };
}
