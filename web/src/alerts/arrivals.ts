"use client";

/** Alerts that come while the page is open. */
import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";

import { api, type Alert } from "@/api/client";
import { useStreamEvent } from "@/stream/provider";
import type { Payload } from "@/stream/stream";

/** A run may open many at once: they are told of together. */
const GATHERED_MS = 800;
/** So many are told of one by one. */
const NAMED = 3;
/** Of a page that is open for weeks, the last so many are marked as new. */
const MARKED = 200;

const TOLD: ReadonlySet<unknown> = new Set(["opened", "raised", "escalated"]);

/** The alert that an event asks people to look at; null of any other event. */
export function arrivalIn(payload: Payload): string | null {
  return payload.type === "alert_changed" && TOLD.has(payload.change) && typeof payload.alert === "string" ? payload.alert : null;
}

/** What is said of alerts that came. */
export function announcement(alerts: readonly Pick<Alert, "severity" | "summary">[], count: number): string {
  if (count > NAMED) return `${count} alerts came.`;
  return alerts.map(({ severity, summary }) => `New alert, ${severity}: ${summary}.`).join(" ");
}

/** Those that are marked as new, with those that came now. */
export function withArrived(fresh: ReadonlySet<string>, ids: readonly string[]): ReadonlySet<string> {
  return new Set([...fresh, ...ids].slice(-MARKED));
}

export interface Arrivals {
  /** For those who do not see the list. */
  said: string;
  /** Those that came since the page was opened, the newest of them. */
  fresh: ReadonlySet<string>;
}

export function useArrivals(): Arrivals {
  const client = useQueryClient();
  const [arrivals, setArrivals] = useState<Arrivals>({ said: "", fresh: new Set() });
  const gathered = useRef(new Set<string>());
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);

  const tell = useCallback(async () => {
    const ids = [...gathered.current];
    gathered.current.clear();
    timer.current = undefined;
    const read = ids.slice(0, NAMED).map((id) => client.fetchQuery(api.queryOptions("get", "/api/v1/alerts/{id}", { params: { path: { id } } })));
    const found = (await Promise.allSettled(read)).flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    setArrivals(({ fresh }) => ({ said: announcement(found, ids.length), fresh: withArrived(fresh, ids) }));
  }, [client]);

  useStreamEvent((payload) => {
    const id = arrivalIn(payload);
    if (id === null) return;
    gathered.current.add(id);
    timer.current ??= setTimeout(() => void tell(), GATHERED_MS);
  });
  useEffect(() => () => clearTimeout(timer.current), []);
  return arrivals;
}

/** Says in the title of the page how many alerts wait. */
export function useCountInTitle(open: string): void {
  useEffect(() => {
    const name = "Alerts · AstroShield";
    document.title = open === "0" || open === "" ? name : `(${open}) ${name}`;
    return () => {
      if (document.title.endsWith(name)) document.title = name;
    };
  }, [open]);
}
