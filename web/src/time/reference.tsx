"use client";

/** What events are counted from. A service may screen a catalog of the past (`serve --catalog`): nothing of it is to come. */
import { useSyncExternalStore } from "react";

import { api, type Run } from "@/api/client";
import { serviceNow, subscribe, useNow } from "./clock";

/** From this on, the start of a run's window is another time than that of the run: the service takes it for a catalog of the past, too. */
const OF_ANOTHER_TIME_MS = 24 * 3_600_000;

/** Where a run screened the past: the start of its window, in ms since 1970; else null, however long ago the run was. */
export function pastStart(run: Pick<Run, "as_of" | "window_start">): number | null {
  const start = Date.parse(run.window_start);
  return Date.parse(run.as_of) - start > OF_ANOTHER_TIME_MS ? start : null;
}

/** Where all that was screened is over, though it was no catalog of the past: the time of the newest run; else null. */
export function silentSince(run: Pick<Run, "as_of" | "window_start" | "window_stop">, now: string): string | null {
  return pastStart(run) === null && Date.parse(run.window_stop) < Date.parse(now) ? run.as_of : null;
}

/** Where the newest run screened the past: the start of its window, in ms since 1970; else null. */
export function usePastStart(): number | null {
  const { data } = api.useQuery("get", "/api/v1/status", {});
  return data?.newest_run == null ? null : pastStart(data.newest_run);
}

/** The time that countdowns and "the next 24 hours" begin at, in ms since 1970: now, or where a past catalog begins. */
export function useEventNow(): number | null {
  const now = useNow();
  const past = usePastStart();
  return now === null ? null : (past ?? now);
}

/** What is asked of the service by time moves in such steps, not each second. */
const STEP_MS = 300_000;

/** The time now in steps of five minutes, in ms since 1970; null while the page is made ready on the server. */
export function useStep(): number | null {
  return useSyncExternalStore<number | null>(
    subscribe,
    () => Math.floor(serviceNow() / STEP_MS) * STEP_MS,
    () => null,
  );
}

/** What events are counted from, in such steps: for queries. Null until it is known whether the catalog is of the past. */
export function useEventStep(): number | null {
  const status = api.useQuery("get", "/api/v1/status", {});
  const past = usePastStart();
  const step = useStep();
  const isKnown = status.data !== undefined || status.error !== null;
  return step === null || !isKnown ? null : (past ?? step);
}
