/** Views: filters with a name. Some are given; others people keep in their browser. */
import { useCallback, useMemo } from "react";
import { z } from "zod/mini";

import type { Schemas } from "@/api/client";
import { useKept } from "@/ui/kept";
import { DEFAULTS, read, write, type Filters } from "./filters";

export interface View {
  name: string;
  /** The address's query: "" or "?within=24". */
  search: string;
}

function view(name: string, filters: Partial<Filters>): View {
  return { name, search: write({ ...DEFAULTS, ...filters }) };
}

/** The list that counts as "mine": the one that changed last. */
export function mine(lists: readonly Schemas["WatchListRow"][]): Schemas["WatchListRow"] | undefined {
  return [...lists].sort((a, b) => b.updated.localeCompare(a.updated))[0];
}

/** The views that everybody has. */
export function givenViews(lists: readonly Schemas["WatchListRow"][]): View[] {
  const own = mine(lists);
  return [
    view("Most probable", {}),
    view("Next 24 h, most probable first", { withinHours: 24 }),
    ...(own === undefined ? [] : [view("My satellites", { watchList: own.id, sort: "tca" })]),
    view("High risk, soonest first", { minProbability: 1e-4, sort: "tca" }),
    view("Closest", { sort: "miss_distance" }),
  ];
}

const KEPT = "astroshield.conjunctions.views";
const Views = z.array(z.object({ name: z.string(), search: z.string() }));

function parse(text: string | null): View[] {
  try {
    const result = Views.safeParse(JSON.parse(text ?? "[]"));
    return result.success ? result.data : [];
  } catch {
    return [];
  }
}

interface KeptViews {
  views: View[];
  /** Keeps a view; one of the same name goes. */
  add: (name: string, search: string) => void;
  remove: (name: string) => void;
}

/** The views that were kept in this browser, by name. */
export function useKeptViews(): KeptViews {
  const [text, keepText] = useKept(KEPT);
  const views = useMemo(() => parse(text), [text]);
  const add = useCallback(
    (name: string, search: string) => {
      const others = views.filter((one) => one.name !== name);
      // In the form that the page itself writes, so that it is known again.
      const kept = { name, search: write(read(new URLSearchParams(search)).filters) };
      keepText(JSON.stringify([...others, kept].sort((a, b) => a.name.localeCompare(b.name))));
    },
    [views, keepText],
  );
  const remove = useCallback(
    (name: string) => keepText(JSON.stringify(views.filter((one) => one.name !== name))),
    [views, keepText],
  );
  return { views, add, remove };
}
