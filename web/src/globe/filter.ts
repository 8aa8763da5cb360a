/** Which objects are shown, and how. */
import { KINDS, REGIMES, type Kind, type Regime } from "./classes";
import type { Catalog } from "./messages";
import type { Identity } from "./queries";
import { DIMMED, HIDDEN, NORMAL } from "./scene/looks";

export type ColorBy = "regime" | "kind";

export interface Filter {
  search: string;
  /** Code of an owner; empty: all. */
  owner: string;
  hidden: ReadonlySet<Regime | Kind>;
  colorBy: ColorBy;
  /** The one class that is not dimmed. */
  highlight: Regime | Kind | null;
}

export const ALL: Filter = { search: "", owner: "", hidden: new Set(), colorBy: "regime", highlight: null };

/** The catalog with what the service knows of its objects beside it. */
export interface Population {
  catalog: Catalog;
  /** Places in `KINDS`. */
  kinds: Uint8Array;
  owners: (string | null)[];
  /** What a search looks through, in lower case. */
  texts: string[];
  places: Map<number, number>;
  /** Whether any kind was told, or all follow from names. */
  kindsKnown: boolean;
}

export function populationOf(catalog: Catalog, identities: ReadonlyMap<number, Identity> | undefined): Population {
  const kinds = catalog.kinds.slice();
  const owners: (string | null)[] = [];
  const texts: string[] = [];
  const places = new Map<number, number>();
  let kindsKnown = false;
  catalog.numbers.forEach((number, place) => {
    const identity = identities?.get(number);
    if (identity !== undefined && identity.kind !== "unknown") {
      kinds[place] = KINDS.indexOf(identity.kind);
      kindsKnown = true;
    }
    owners.push(identity?.owner ?? null);
    texts.push(`${catalog.names[place] ?? ""}\n${number}\n${catalog.designators[place] ?? ""}`.toLowerCase());
    places.set(number, place);
  });
  return { catalog, kinds, owners, texts, places, kindsKnown };
}

export interface Shown {
  looks: Uint8Array;
  groups: Uint8Array;
  /** Places of those that are not hidden or dimmed. */
  places: number[];
  counts: ReadonlyMap<Regime | Kind, number>;
}

export function apply(population: Population, filter: Filter): Shown {
  const { catalog, kinds, owners, texts } = population;
  const looks = new Uint8Array(catalog.count);
  const places: number[] = [];
  const counts = new Map<Regime | Kind, number>();
  const search = filter.search.trim().toLowerCase();
  for (let place = 0; place < catalog.count; place += 1) {
    const regime = REGIMES[catalog.regimes[place] ?? 0] ?? "leo";
    const kind = KINDS[kinds[place] ?? 0] ?? "unknown";
    counts.set(regime, (counts.get(regime) ?? 0) + 1);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
    if (filter.hidden.has(regime) || filter.hidden.has(kind) || (filter.owner !== "" && owners[place] !== filter.owner)) {
      looks[place] = HIDDEN;
      continue;
    }
    const { highlight } = filter;
    const outside = highlight !== null && highlight !== regime && highlight !== kind;
    if (outside || (search !== "" && !(texts[place] ?? "").includes(search))) {
      looks[place] = DIMMED;
      continue;
    }
    looks[place] = NORMAL;
    places.push(place);
  }
  return { looks, groups: filter.colorBy === "regime" ? catalog.regimes : kinds, places, counts };
}

/** Owners with the number of their objects, the largest first. */
export function ownersOf({ owners }: Population): [owner: string, count: number][] {
  const counts = new Map<string, number>();
  for (const owner of owners) if (owner !== null) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a);
}
