/** When this browser last looked at the day's page. */
import { useEffect, useMemo, useState } from "react";
import { z } from "zod/mini";

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

/** Whether somebody is new here. A page that stays open, as on a wall, is so for an hour. */
export function isFirstVisit(visits: Visits, startedMs: number, nowMs: number): boolean {
  return visits.before === null && nowMs - startedMs < HOUR_MS;
}

export interface Visit {
  since: Since;
  setSince: (since: Since) => void;
  /** As a time of the interface. */
  from: string;
  isFirst: boolean;
}

/** The visit that is on; null until the page is in the browser. */
export function useVisit(): Visit | null {
  const [started] = useState(() => Date.now());
  const step = useStep();
  const [text] = useKept(KEPT);
  const [chosen, setSince] = useKept(CHOSEN);

  useEffect(() => {
    const sign = () => {
      if (!document.hidden) keep(KEPT, JSON.stringify(visitsAfter(readVisits(kept(KEPT)), Date.now())));
    };
    sign();
    const timer = setInterval(sign, SIGN_MS);
    return () => clearInterval(timer);
  }, []);

  const since = SINCES.find((one) => one === chosen) ?? "visit";
  return useMemo(() => {
    const visits = readVisits(text);
    if (visits === null || step === null) return null;
    // Before this visit has given its first sign, what is kept is of the visit before.
    const now = visitsAfter(visits, started);
    return { since, setSince, from: new Date(sinceMs(since, now, step)).toISOString(), isFirst: isFirstVisit(now, started, step) };
  }, [text, started, step, since, setSince]);
}
