"use client";

/** The time, and in which zone it is shown. */
import { createContext, useCallback, useContext, useEffect, useMemo, useState, useSyncExternalStore, type ReactNode } from "react";

export type Zone = "utc" | "local";

const KEPT = "astroshield.zone";

interface Zoned {
  zone: Zone;
  setZone: (zone: Zone) => void;
}

const Context = createContext<Zoned>({ zone: "utc", setZone: () => undefined });

export function ZoneProvider({ children }: { children: ReactNode }) {
  const [zone, choose] = useState<Zone>("utc");
  useEffect(() => {
    if (localStorage.getItem(KEPT) === "local") choose("local");
  }, []);
  const setZone = useCallback((chosen: Zone) => {
    localStorage.setItem(KEPT, chosen);
    choose(chosen);
  }, []);
  const value = useMemo(() => ({ zone, setZone }), [zone, setZone]);
  return <Context value={value}>{children}</Context>;
}

export function useZone(): Zoned {
  return useContext(Context);
}

// One timer for all that count.
const listeners = new Set<() => void>();
let now = 0;
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
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
