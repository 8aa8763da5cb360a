"use client";

/** Choices that stay with the browser. Where it keeps nothing (private windows, full disks), they last as long as the page. */
import { useCallback, useSyncExternalStore } from "react";

const listeners = new Set<() => void>();
const unkept = new Map<string, string>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  // Another tab chose.
  addEventListener("storage", listener);
  return () => {
    listeners.delete(listener);
    removeEventListener("storage", listener);
  };
}

/** What is kept under a name; null where nothing is. */
export function kept(name: string): string | null {
  try {
    return unkept.get(name) ?? localStorage.getItem(name);
  } catch {
    return unkept.get(name) ?? null;
  }
}

/** Keeps a value under a name; null forgets it. */
export function keep(name: string, value: string | null): void {
  unkept.delete(name);
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, value);
  } catch {
    if (value !== null) unkept.set(name, value);
  }
  for (const listener of listeners) listener();
}

/** What is kept under a name, and how to keep another value; null on the server and where nothing is kept. */
export function useKept(name: string): [string | null, (value: string | null) => void] {
  const value = useSyncExternalStore(
    subscribe,
    () => kept(name),
    () => null,
  );
  const set = useCallback((to: string | null) => keep(name, to), [name]);
  return [value, set];
}
