/** Which conjunctions are asked for: in the address of the page, and in the query of the service. */
import type { paths } from "@/api/schema";

export type ListQuery = NonNullable<paths["/api/v1/conjunctions"]["get"]["parameters"]["query"]>;
export type Status = NonNullable<ListQuery["status"]>;
export type Sort = NonNullable<ListQuery["sort"]>;
export type Direction = NonNullable<ListQuery["direction"]>;

export const STATUSES: readonly Status[] = ["active", "cleared", "past", "superseded"];
/** The orders, and which way each usually goes. */
export const USUAL: Readonly<Record<Sort, Direction>> = {
  probability: "descending",
  tca: "ascending",
  miss_distance: "ascending",
  relative_speed: "descending",
  maximum_probability: "descending",
  first_seen: "descending",
  data_age: "descending",
};
export const SORTS = Object.keys(USUAL) as readonly Sort[];
const BACKWARD: Readonly<Record<Direction, Direction>> = { ascending: "descending", descending: "ascending" };
export const RELATIONS = ["none", "all", "only"] as const;
export type Relations = (typeof RELATIONS)[number];

export interface Filters {
  /** Catalog number of an object, on either side. */
  object: number | undefined;
  watchList: string | undefined;
  /** TCA within so many hours from the reference time. */
  withinHours: number | undefined;
  /** TCA from and to, UTC, where no number of hours is given. */
  from: string | undefined;
  to: string | undefined;
  maxMissKm: number | undefined;
  minProbability: number | undefined;
  status: Status;
  relations: Relations;
  sort: Sort;
  /** Whether the order goes the other way than usual. */
  backward: boolean;
}

export const DEFAULTS: Filters = {
  object: undefined,
  watchList: undefined,
  withinHours: undefined,
  from: undefined,
  to: undefined,
  maxMissKm: undefined,
  minProbability: undefined,
  status: "active",
  relations: "none",
  sort: "probability",
  backward: false,
};

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const MOST_HOURS = 24 * 365;
const LARGEST_NUMBER = 999_999_999;

/** What one may write in the address, and what each of them must be. */
const DUE = {
  object: "a catalog number of at most nine digits",
  list: "the identity of a watch list",
  within: `hours above 0, at most ${MOST_HOURS}`,
  from: "a time, as 2026-11-29T12:00:00Z",
  to: "a time, as 2026-11-29T12:00:00Z",
  miss: "a distance in km, at least 0",
  probability: "a number from 0 to 1",
  status: STATUSES.join(", "),
  relations: RELATIONS.join(", "),
  sort: SORTS.join(", "),
  order: "backward",
} as const;
type Name = keyof typeof DUE;

/** A number as people write one; undefined for what is none. */
export function number(text: string, least: number, most: number): number | undefined {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  return Number.isFinite(value) && value >= least && value <= most ? value : undefined;
}

function instant(text: string): string | undefined {
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?Z$/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}

/** The choice that a text names. */
export function oneOf<T extends string>(choices: readonly T[], text: string): T | undefined {
  return choices.find((choice) => choice === text);
}

/** The filters of an address, and what in it cannot be understood: that is left out, and said. */
export function read(search: { get: (name: string) => string | null }): { filters: Filters; problems: string[] } {
  const problems: string[] = [];
  const take = <T>(name: Name, parse: (text: string) => T | undefined): T | undefined => {
    const text = search.get(name);
    if (text === null) return undefined;
    const value = parse(text);
    if (value === undefined) problems.push(`${name}=${text} is left out: due is ${DUE[name]}`);
    return value;
  };
  const whole = (text: string) => (/^\d{1,9}$/.test(text) ? number(text, 0, LARGEST_NUMBER) : undefined);
  const withinHours = take("within", (text) => number(text, Number.MIN_VALUE, MOST_HOURS));
  const filters: Filters = {
    object: take("object", whole),
    watchList: take("list", (text) => (UUID.test(text) ? text : undefined)),
    withinHours,
    from: withinHours === undefined ? take("from", instant) : undefined,
    to: withinHours === undefined ? take("to", instant) : undefined,
    maxMissKm: take("miss", (text) => number(text, 0, Number.MAX_VALUE)),
    minProbability: take("probability", (text) => number(text, 0, 1)),
    status: take("status", (text) => oneOf(STATUSES, text)) ?? DEFAULTS.status,
    relations: take("relations", (text) => oneOf(RELATIONS, text)) ?? DEFAULTS.relations,
    sort: take("sort", (text) => oneOf(SORTS, text)) ?? DEFAULTS.sort,
    backward: take("order", (text) => oneOf(["backward"], text)) !== undefined,
  };
  if (filters.from !== undefined && filters.to !== undefined && filters.to < filters.from) {
    problems.push(`to=${filters.to} is left out: it is before from`);
    filters.to = undefined;
  }
  return { filters, problems };
}

/** The address of filters, always in the same order, without what is the default: "" or "?within=24". */
export function write(filters: Filters): string {
  const search = new URLSearchParams();
  const put = (name: Name, value: string | number | undefined, usual?: string) => {
    if (value !== undefined && value !== usual) search.set(name, String(value));
  };
  put("object", filters.object);
  put("list", filters.watchList);
  put("within", filters.withinHours);
  put("from", filters.from);
  put("to", filters.to);
  put("miss", filters.maxMissKm);
  put("probability", filters.minProbability);
  put("status", filters.status, DEFAULTS.status);
  put("relations", filters.relations, DEFAULTS.relations);
  put("sort", filters.sort, DEFAULTS.sort);
  if (filters.backward) put("order", "backward");
  const text = search.toString();
  return text === "" ? "" : `?${text}`;
}

const MS_PER_HOUR = 3_600_000;

/** The query of the service. `within` counts from the reference time. */
export function queryOf(filters: Filters, referenceMs: number | null): ListQuery {
  const query: ListQuery = { sort: filters.sort };
  if (filters.backward) query.direction = BACKWARD[USUAL[filters.sort]];
  if (filters.object !== undefined) query.object = filters.object;
  if (filters.watchList !== undefined) query.watch_list = filters.watchList;
  if (filters.withinHours !== undefined && referenceMs !== null) {
    query.tca_from = new Date(referenceMs).toISOString();
    query.tca_to = new Date(referenceMs + filters.withinHours * MS_PER_HOUR).toISOString();
  }
  if (filters.from !== undefined) query.tca_from = filters.from;
  if (filters.to !== undefined) query.tca_to = filters.to;
  if (filters.maxMissKm !== undefined) query.max_miss_distance_km = filters.maxMissKm;
  if (filters.minProbability !== undefined) query.min_probability = filters.minProbability;
  if (filters.status !== DEFAULTS.status) query.status = filters.status;
  if (filters.relations !== "all") query.relation = filters.relations === "only";
  return query;
}
