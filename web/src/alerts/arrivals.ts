"use client";

/** Alerts that come while the page is open. */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";

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

/** Calls back with the alerts that came, gathered. */
function useArrivals(onArrived: (ids: readonly string[]) => void): void {
  const gathered = useRef(new Set<string>());
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useStreamEvent((payload) => {
    const id = arrivalIn(payload);
    if (id === null) return;
    gathered.current.add(id);
    timer.current ??= setTimeout(() => {
      const ids = [...gathered.current];
      gathered.current.clear();
      timer.current = undefined;
      onArrived(ids);
    }, GATHERED_MS);
  });
  useEffect(() => () => clearTimeout(timer.current), []);
}

/** What is said of alerts that came last, for those who do not see the count and the list. */
export function useAnnouncement(): string {
  const client = useQueryClient();
  const [said, say] = useState("");
  useArrivals(async (ids) => {
    const read = ids.slice(0, NAMED).map((id) => client.fetchQuery(api.queryOptions("get", "/api/v1/alerts/{id}", { params: { path: { id } } })));
    const found = (await Promise.allSettled(read)).flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    say(announcement(found, ids.length));
  });
  return said;
}

/** Alerts that came since the page was opened, the newest of them. */
export function useFresh(): ReadonlySet<string> {
  const [fresh, setFresh] = useState<ReadonlySet<string>>(new Set());
  useArrivals((ids) => setFresh((before) => withArrived(before, ids)));
  return fresh;
}

const COUNT_IN_TITLE = /^\(\d+\+?\) /;

/** Says in the title of the page, whichever it is, how many alerts wait. */
export function useCountInTitle(open: string): void {
  useEffect(() => {
    const prefix = open === "0" || open === "" ? "" : `(${open}) `;
    const put = () => {
      const wanted = prefix + document.title.replace(COUNT_IN_TITLE, "");
      if (document.title !== wanted) document.title = wanted;
    };
    put();
    // Going to another page sets its own title, and says so to nobody.
    const observer = new MutationObserver(put);
    observer.observe(document.head, { childList: true, characterData: true, subtree: true });
    return () => observer.disconnect();
  }, [open]);
}
