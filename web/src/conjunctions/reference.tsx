"use client";

/**
 * From when "the next 24 hours" count. That is now, as long as the newest screening covers it. An old catalog is screened
 * around its own time: there it is the beginning of what was screened.
 */
import { useMemo, useSyncExternalStore } from "react";

import { api, type Run } from "@/api/client";
import { useZone } from "@/time/clock";
import { countdown, time } from "@/time/format";
import { Countdown } from "@/time/time";

export interface Reference {
  /** In ms since 1970. */
  at: number;
  /** Whether that is now. */
  live: boolean;
}

export function referenceOf(run: Pick<Run, "window_start" | "window_stop"> | null | undefined, nowMs: number): Reference {
  if (run == null || nowMs <= Date.parse(run.window_stop)) return { at: nowMs, live: true };
  return { at: Date.parse(run.window_start), live: false };
}

/** What counts from now moves in such steps, so that it is not asked for anew each second. */
const STEP_MS = 300_000;
const LOOK_MS = 10_000;

function everyStep(listener: () => void): () => void {
  const timer = setInterval(listener, LOOK_MS);
  return () => clearInterval(timer);
}

/** The reference time, in steps of five minutes; undefined until the service has said what it screened. */
export function useReference(): Reference | undefined {
  const status = api.useQuery("get", "/api/v1/status", {});
  const step = useSyncExternalStore<number | null>(
    everyStep,
    () => Math.floor(Date.now() / STEP_MS) * STEP_MS,
    () => null,
  );
  const known = status.data !== undefined || status.error !== null;
  const start = status.data?.newest_run?.window_start;
  const stop = status.data?.newest_run?.window_stop;
  return useMemo(() => {
    if (step === null || !known) return undefined;
    return referenceOf(start === undefined || stop === undefined ? null : { window_start: start, window_stop: stop }, step);
  }, [step, known, start, stop]);
}

/** The time to closest approach; of an old catalog, the time from the beginning of its screening. */
export function TimeTo({ tca, reference }: { tca: string; reference: Reference | undefined }) {
  const { zone } = useZone();
  if (reference === undefined || reference.live) return <Countdown to={tca} />;
  return (
    <span className="whitespace-nowrap tabular-nums" title={`From the beginning of what was screened, ${time(reference.at, zone)}`}>
      {sinceStart(Date.parse(tca), reference.at)}
    </span>
  );
}

/** `S+4d 03:04:05`: from the beginning of what was screened. */
export function sinceStart(tcaMs: number, startMs: number): string {
  return countdown(startMs, tcaMs).replace("T", "S");
}
