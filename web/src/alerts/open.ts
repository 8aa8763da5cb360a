/** Alerts that wait for an answer: read once for all pages. */
import { api, type Alert } from "@/api/client";

/** Counted up to this; more is "and more". */
const COUNTED = 100;

export function useOpenAlerts() {
  return api.useQuery("get", "/api/v1/alerts", { params: { query: { state: "open", limit: COUNTED } } });
}

interface Counted<T = unknown> {
  items: readonly T[];
  next_cursor?: string | null;
}

/** The critical ones of them, which may be older than all that are counted. */
export function useCritical(open: Counted<Alert> | undefined): Counted<Alert> | undefined {
  const isMore = open?.next_cursor != null;
  const query = { state: "open", min_severity: "critical", limit: COUNTED } as const;
  const { data } = api.useQuery("get", "/api/v1/alerts", { params: { query } }, { enabled: isMore });
  if (isMore && data !== undefined) return data;
  return open === undefined ? undefined : { items: open.items.filter(({ severity }) => severity === "critical"), next_cursor: null };
}

/** How many wait: "3", or "100+"; nothing until that is known. */
export function countOf(answer: Counted | undefined): string {
  if (answer === undefined) return "";
  return `${answer.items.length}${answer.next_cursor == null ? "" : "+"}`;
}

const RANK: Record<Alert["severity"], number> = { critical: 0, warning: 1, info: 2 };

/** The most severe first; of those that are as severe, the newest. */
export function mostUrgent<T extends Pick<Alert, "id" | "severity" | "opened">>(...lists: (readonly T[])[]): T[] {
  const each = new Map(lists.flat().map((alert) => [alert.id, alert]));
  return [...each.values()].sort((one, other) => RANK[one.severity] - RANK[other.severity] || other.opened.localeCompare(one.opened));
}
