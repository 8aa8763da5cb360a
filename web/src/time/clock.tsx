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

/** A difference up to this is the way of the answer, and the beat of the display. */
const UNHEEDED_MS = 2_000;
/** Readings of the service's clock that count. */
const READINGS = 3;

/** What the service's clock was ahead of ours, as far as its newest answers said. */
let ahead: { readAt: number; ms: number }[] = [];

/**
 * Countdowns are not better than the clock of the browser: it is held against the service's. What an answer takes on its way
 * makes the service seem late, so the reading that is least so counts.
 */
export function heed(serviceNow: string, readAt: number): void {
  const ms = Date.parse(serviceNow) - readAt;
  if (Number.isNaN(ms) || ahead.some((reading) => reading.readAt === readAt)) return;
  ahead = [...ahead, { readAt, ms }].slice(-READINGS);
  beat();
}

/** The time now by the service's clock, in ms since 1970; by ours until it was heard, or where they agree. */
export function serviceNow(): number {
  const ms = ahead.length === 0 ? 0 : Math.max(...ahead.map((reading) => reading.ms));
  return Date.now() + (Math.abs(ms) > UNHEEDED_MS ? ms : 0);
}

// One timer for all that count.
const listeners = new Set<() => void>();
let now = 0;
let timer: ReturnType<typeof setInterval> | undefined;

function beat(): void {
  now = serviceNow();
  for (const one of listeners) one();
}

/** Calls back each second, and when the service's clock is heard; what is returned stops that. */
export function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(beat, 1_000);
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
  if (timer === undefined || now === 0) now = Math.floor(serviceNow() / 1_000) * 1_000;
  return now;
}

/** The time now by the service's clock in ms since 1970, each second anew; null while the page is made ready on the server. */
export function useNow(): number | null {
  return useSyncExternalStore<number | null>(subscribe, current, () => null);
}

/** Whether the service's clock was heard since the page was opened; until then, times may be those of a browser whose clock is off. */
export function useIsHeeded(): boolean {
  return useSyncExternalStore(
    subscribe,
    () => ahead.length > 0,
    () => false,
  );
}
