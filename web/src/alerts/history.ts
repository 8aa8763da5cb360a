/** What happened to an alert, in order. */
import type { Alert } from "@/api/client";

export interface Happened {
  at: string;
  what: string;
}

export function historyOf(alert: Alert): Happened[] {
  const happened: Happened[] = [{ at: alert.opened, what: "Opened" }];
  const add = (at: string | null | undefined, what: string) => {
    if (at != null) happened.push({ at, what });
  };
  add(alert.acknowledged, `Acknowledged by ${alert.acknowledged_by ?? "somebody"}`);
  add(alert.escalated, "Escalated: nobody had acknowledged it");
  add(alert.resolved, alert.resolved_by == null ? "Resolved: what it was about is over" : `Resolved by ${alert.resolved_by}`);
  return happened.sort((one, other) => one.at.localeCompare(other.at));
}

/** What is to come of it, in words; empty where nothing is. */
export function toCome(alert: Alert, nowMs: number): Happened[] {
  const coming: Happened[] = [];
  if (alert.state === "muted" && alert.muted_until != null) {
    coming.push({ at: alert.muted_until, what: `Muted${alert.muted_by == null ? "" : ` by ${alert.muted_by}`} until` });
  }
  if (alert.state === "open" && alert.escalate_at != null && Date.parse(alert.escalate_at) > nowMs) {
    coming.push({ at: alert.escalate_at, what: "Escalates if nobody acknowledges it before" });
  }
  return coming;
}

export const STATE_WORDS: Record<Alert["state"], string> = {
  open: "open",
  acknowledged: "acknowledged",
  muted: "muted",
  resolved: "resolved",
};
