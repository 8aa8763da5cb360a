/** When whoever is signed in last looked at the day's page in this browser, by the service's clock. */
import { useEffect, useMemo, useState } from "react";
import { z } from "zod/mini";

import { api } from "@/api/client";
import { useSession } from "@/shell/session";
import { serviceNow, useIsHeeded } from "@/time/clock";
import { useStep } from "@/time/reference";
import { keep, kept, useKept } from "@/ui/kept";

const KEPT = "astroshield.visits";
const CHOSEN = "astroshield.since";
const HOUR_MS = 3_600_000;
/** Who comes back within this time goes on with the same visit. */
const SAME_VISIT_MS = HOUR_MS / 2;
const SIGN_MS = 60_000;

/** Where changes count from. */
export const SINCES = ["visit", "8h", "24h"] as const;
export type Since = (typeof SINCES)[number];

const Visits = z.object({
  /** The newest sign of this visit. */
  seen: z.number(),
  /** The last sign of the visit before; null in the first. */
  before: z.nullable(z.number()),
});
export type Visits = z.infer<typeof Visits>;

/** What is kept after a sign of life. */
export function visitsAfter(kept: Visits | null, nowMs: number): Visits {
  if (kept === null) return { seen: nowMs, before: null };
  return nowMs - kept.seen > SAME_VISIT_MS ? { seen: nowMs, before: kept.seen } : { seen: nowMs, before: kept.before };
}

/** What was kept of visits; null where nothing was, or nothing of ours. */
export function readVisits(text: string | null): Visits | null {
  try {
    const parsed = Visits.safeParse(JSON.parse(text ?? "null"));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** The time that a choice means, in ms since 1970. In the first visit, nothing was seen before: the last 24 hours. */
export function sinceMs(choice: Since, visits: Visits, nowMs: number): number {
  if (choice === "8h") return nowMs - 8 * HOUR_MS;
  if (choice === "24h") return nowMs - 24 * HOUR_MS;
  return visits.before ?? nowMs - 24 * HOUR_MS;
}

export interface Visit {
  since: Since;
  setSince: (since: Since) => void;
  /** As a time of the interface. */
  from: string;
  isFirst: boolean;
}

/** Under what name visits are kept; null until it is known whose they are. Where that cannot be read, they are the browser's. */
function useName(): string | null {
  const { data, error } = useSession();
  if (data !== undefined) return `${KEPT}.${data.tenant}.${data.name}`;
  return error === null ? null : KEPT;
}

/** Whether somebody is new here. A page that stays open, as on a wall, is so for an hour. */
function useIsNew(visits: Visits | null): boolean {
  const [isLong, setLong] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLong(true), HOUR_MS);
    return () => clearTimeout(timer);
  }, []);
  return visits?.before === null && !isLong;
}

/** The visit that is on; null until the page is in the browser, and it is known whose visit it is and what the time is. */
export function useVisit(): Visit | null {
  const status = api.useQuery("get", "/api/v1/status", {});
  const isHeeded = useIsHeeded();
  const name = useName();
  const isReady = name !== null && (isHeeded || status.error !== null);
  const step = useStep();
  const [text] = useKept(name ?? KEPT);
  const [chosen, setSince] = useKept(CHOSEN);

  useEffect(() => {
    if (!isReady) return;
    const sign = () => {
      if (!document.hidden) keep(name, JSON.stringify(visitsAfter(readVisits(kept(name)), serviceNow())));
    };
    sign();
    const timer = setInterval(sign, SIGN_MS);
    return () => clearInterval(timer);
  }, [name, isReady]);

  const since = SINCES.find((one) => one === chosen) ?? "visit";
  const visits = useMemo(() => (isReady ? readVisits(text) : null), [isReady, text]);
  const isFirst = useIsNew(visits);
  return useMemo(() => {
    if (visits === null || step === null) return null;
    // Before this visit has given its first sign, what is kept is of the visit before.
    const now = visitsAfter(visits, step);
    return { since, setSince, from: new Date(sinceMs(since, now, step)).toISOString(), isFirst };
  }, [visits, step, since, setSince, isFirst]);
}
