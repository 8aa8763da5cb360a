"use client";

/** The time, and in which zone it is shown. */
import { useSyncExternalStore } from "react";

import { useKept } from "@/ui/kept";

export type Zone = "utc" | "local";

/** The zone that times are shown in, and how to choose another. */
export function useZone(): { zone: Zone; setZone: (zone: Zone) => void } {
  const [kept, keep] = useKept("astroshield.zone");
  return { zone: kept === "local" ? "local" : "utc", setZone: keep };
}

// One timer for all that count.
const listeners = new Set<() => void>();
let now = 0;
let timer: ReturnType<typeof setInterval> | undefined;

/** Calls back each second; what is returned stops that. */
export function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const one of listeners) one();
  }, 1_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

function current(): number {
  // Between the beats of the timer it stands still, as React wants it.
  if (timer === undefined || now === 0) now = Math.floor(Date.now() / 1_000) * 1_000;
  return now;
}

/** The time now in ms since 1970, each second anew; null while the page is made ready on the server. */
export function useNow(): number | null {
  return useSyncExternalStore<number | null>(subscribe, current, () => null);
}
