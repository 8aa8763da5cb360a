"use client";

/** What can be done on the page that is shown, by a key and in the palette; only what the person may do, while they may. */
import { useEffect, useRef, useSyncExternalStore } from "react";

export interface PageAction {
  key: string;
  name: string;
  run: () => void;
}

const NONE: readonly PageAction[] = [];
const listeners = new Set<() => void>();
let offered: readonly PageAction[] = NONE;

function offer(actions: readonly PageAction[]): void {
  offered = actions;
  for (const one of listeners) one();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Offers actions while the part that they are of is shown. */
export function useOffered(actions: readonly PageAction[]): void {
  const newest = useRef(actions);
  useEffect(() => {
    newest.current = actions;
  });
  const words = JSON.stringify(actions);
  useEffect(() => {
    // What they do is looked up when they are taken: a drawing of the part anew offers nothing anew.
    const all = JSON.parse(words) as readonly Pick<PageAction, "key" | "name">[];
    const own = all.map(({ key, name }) => ({ key, name, run: () => newest.current.find((one) => one.key === key)?.run() }));
    offer(own);
    return () => {
      if (offered === own) offer(NONE);
    };
  }, [words]);
}

/** The actions that are offered. */
export function usePageActions(): readonly PageAction[] {
  return useSyncExternalStore(
    subscribe,
    () => offered,
    () => NONE,
  );
}
