/** Which alerts are listed: in the address of the page, and in the query of the service. */
import type { paths } from "@/api/schema";

export type AlertQuery = NonNullable<paths["/api/v1/alerts"]["get"]["parameters"]["query"]>;
type State = NonNullable<AlertQuery["state"]>;
type Severity = NonNullable<AlertQuery["min_severity"]>;

export const STATES: Record<State | "all", string> = {
  open: "Open",
  acknowledged: "Acknowledged",
  muted: "Muted",
  resolved: "Resolved",
  all: "All",
};
export const SEVERITIES: Record<Severity, string> = {
  info: "Any severity",
  warning: "Warning or critical",
  critical: "Critical only",
};

export interface Filters {
  state: State | "all";
  severity: Severity;
  object: number | undefined;
}

interface Search {
  get: (name: string) => string | null;
}

function isOf<K extends string>(words: Record<K, string>, text: string | null): text is K {
  return text !== null && Object.hasOwn(words, text);
}

/** What the address does not say, or says wrongly, is as usual. */
export function readFilters(search: Search): Filters {
  const [state, severity, object] = [search.get("state"), search.get("severity"), search.get("object")];
  return {
    state: isOf(STATES, state) ? state : "open",
    severity: isOf(SEVERITIES, severity) ? severity : "info",
    object: object !== null && /^\d{1,9}$/.test(object) ? Number(object) : undefined,
  };
}

export function queryOf(filters: Filters): AlertQuery {
  return {
    ...(filters.state === "all" ? {} : { state: filters.state }),
    ...(filters.severity === "info" ? {} : { min_severity: filters.severity }),
    ...(filters.object === undefined ? {} : { object: filters.object }),
  };
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The alert that the page is about: `?id=`, or `/alerts/ID`, as mails and webhooks lead to it. */
export function alertIn(path: string, search: Search): string | null {
  const named = search.get("id") ?? /^\/alerts\/([^/]+)\/?$/.exec(path)?.[1] ?? null;
  return named !== null && UUID.test(named) ? named.toLowerCase() : null;
}

/** The page's address. */
export function address(filters: Filters, id: string | null): string {
  const search = new URLSearchParams();
  if (id !== null) search.set("id", id);
  if (filters.state !== "open") search.set("state", filters.state);
  if (filters.severity !== "info") search.set("severity", filters.severity);
  if (filters.object !== undefined) search.set("object", String(filters.object));
  const text = search.toString();
  return text === "" ? "/alerts/" : `/alerts/?${text}`;
}
