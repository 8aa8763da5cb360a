"use client";

/** The time from which "the next 24 hours" of a query count. */
import { useSyncExternalStore } from "react";

import { api } from "@/api/client";
import { usePastStart } from "@/time/reference";

/** It moves in such steps: a query is not asked anew each second. */
const STEP_MS = 300_000;
const LOOK_MS = 10_000;

function subscribe(listener: () => void): () => void {
  const timer = setInterval(listener, LOOK_MS);
  return () => clearInterval(timer);
}

/** That time in ms since 1970, as the countdowns have it, in steps of five minutes; null until it is known. */
export function useReference(): number | null {
  const status = api.useQuery("get", "/api/v1/status", {});
  const past = usePastStart();
  const now = useSyncExternalStore<number | null>(
    subscribe,
    () => Math.floor(Date.now() / STEP_MS) * STEP_MS,
    () => null,
  );
  // Where the status cannot be read, it is not known that the catalog is an old one.
  if (status.data === undefined && status.error === null) return null;
  return past ?? now;
}
