/** Which objects are listed, as it stands in the page's address and as the service is asked. */
import type { paths } from "@/api/schema";

type Asked = NonNullable<paths["/api/v1/objects"]["get"]["parameters"]["query"]>;
type Kind = NonNullable<Asked["kind"]>;

export interface ObjectFilters {
  search: string;
  kind: Kind | "";
  owner: string;
  /** As typed, in km. */
  minPerigee: string;
  maxApogee: string;
}

export const KIND_CHOICES: readonly Kind[] = ["payload", "rocket_body", "debris", "unknown"];

const NAMES: Record<keyof ObjectFilters, string> = {
  search: "search",
  kind: "kind",
  owner: "owner",
  minPerigee: "min_perigee_km",
  maxApogee: "max_apogee_km",
};

export function filtersOf(query: Pick<URLSearchParams, "get">): ObjectFilters {
  const text = (name: keyof ObjectFilters) => query.get(NAMES[name]) ?? "";
  const kind = text("kind");
  return {
    search: text("search"),
    kind: KIND_CHOICES.find((one) => one === kind) ?? "",
    owner: text("owner"),
    minPerigee: text("minPerigee"),
    maxApogee: text("maxApogee"),
  };
}

export function addressOf(filters: ObjectFilters): string {
  const query = new URLSearchParams();
  for (const name of Object.keys(NAMES) as (keyof ObjectFilters)[]) {
    if (filters[name].trim() !== "") query.set(NAMES[name], filters[name].trim());
  }
  return query.size === 0 ? "" : `?${query}`;
}

/** A height in km; null where it is no number. */
export function kilometers(text: string): number | null {
  const value = Number(text.trim().replaceAll(",", ""));
  return text.trim() === "" || !Number.isFinite(value) ? null : value;
}

/** What is asked of the service; a height that is no number is left out. */
export function askedOf(filters: ObjectFilters): Asked {
  const minPerigee = kilometers(filters.minPerigee);
  const maxApogee = kilometers(filters.maxApogee);
  return {
    ...(filters.search.trim() === "" ? {} : { search: filters.search.trim() }),
    ...(filters.kind === "" ? {} : { kind: filters.kind }),
    ...(filters.owner.trim() === "" ? {} : { owner: filters.owner.trim().toUpperCase() }),
    ...(minPerigee === null ? {} : { min_perigee_km: minPerigee }),
    ...(maxApogee === null ? {} : { max_apogee_km: maxApogee }),
  };
}
