"use client";

/** What events are counted from. A service may screen a catalog of the past (`serve --catalog`): nothing of it is to come. */
import { useSyncExternalStore } from "react";

import { api, type Run, type Schemas } from "@/api/client";
import { serviceNow, subscribe, useNow } from "./clock";

type Status = Schemas["Status"];

/** With a catalog of the past: the time that counts as now, in ms since 1970; else null, however long ago the newest run was. */
export function pastStart(status: Pick<Status, "present" | "of_the_past">): number | null {
  return status.of_the_past ? Date.parse(status.present) : null;
}

/** Where all that was screened is over, though it was no catalog of the past: the time of the newest run; else null. */
export function silentSince(status: Pick<Status, "now" | "of_the_past">, run: Pick<Run, "as_of" | "window_stop">): string | null {
  return !status.of_the_past && Date.parse(run.window_stop) < Date.parse(status.now) ? run.as_of : null;
}

/** Where a catalog of the past is screened: the time that counts as now, in ms since 1970; else null. */
export function usePastStart(): number | null {
  const { data } = api.useQuery("get", "/api/v1/status", {});
  return data === undefined ? null : pastStart(data);
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
