"use client";

/** What events are counted from. A service may screen a catalog of the past (`serve --catalog`): nothing of it is to come. */
import { useSyncExternalStore } from "react";

import { api } from "@/api/client";
import { subscribe, useNow } from "./clock";

/** Where the newest run screened the past: the start of its window, in ms since 1970; else null. */
export function usePastStart(): number | null {
  const { data } = api.useQuery("get", "/api/v1/status", {});
  const run = data?.newest_run;
  if (run == null || Date.parse(run.window_stop) >= Date.parse(data?.now ?? "")) return null;
  return Date.parse(run.window_start);
}

/** The time that countdowns and "the next 24 hours" begin at, in ms since 1970: now, or where a past catalog begins. */
export function useEventNow(): number | null {
  const now = useNow();
  const past = usePastStart();
  return now === null ? null : (past ?? now);
}

/** What is asked of the service by time moves in such steps, not each second. */
const STEP_MS = 300_000;

/** The same, in steps of five minutes: for queries. Null until it is known whether the catalog is of the past. */
export function useEventStep(): number | null {
  const status = api.useQuery("get", "/api/v1/status", {});
  const past = usePastStart();
  const step = useSyncExternalStore<number | null>(
    subscribe,
    () => Math.floor(Date.now() / STEP_MS) * STEP_MS,
    () => null,
  );
  const isKnown = status.data !== undefined || status.error !== null;
  return step === null || !isKnown ? null : (past ?? step);
}
