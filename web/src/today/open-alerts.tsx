"use client";

/** Alerts that wait for an answer. */
import Link from "next/link";

import { countOf, mostUrgent, useCritical, useOpenAlerts } from "@/alerts/open";
import { Ago } from "@/time/time";
import { SeverityBadge } from "@/ui/badge";
import { Panel } from "@/ui/panel";
import { View } from "@/ui/state";

const SHOWN = 4;
export function OpenAlerts() {
  const alerts = useOpenAlerts();
  const critical = useCritical(alerts.data);
  return (
    <Panel
      title={alerts.data === undefined ? "Open alerts" : `Open alerts: ${countOf(alerts.data)}`}
      actions={
        <Link href="/alerts" className="text-accent hover:underline">
          All alerts
        </Link>
      }
    >
      <View
        query={alerts}
        what="alerts"
        isEmpty={(data) => data.items.length === 0}
        empty={
          <p className="text-quiet">
            Nothing waits for an answer.{" "}
            <Link href="/rules" className="text-accent underline">
              Alert rules
            </Link>{" "}
            say what to warn of.
          </p>
        }
      >
        {(data) => (
          <ul>
            {mostUrgent(data.items, critical?.items ?? []).slice(0, SHOWN).map((alert) => (
              <li key={alert.id} className="relative flex h-[26px] items-center gap-2 px-1.5 hover:bg-raised">
                <SeverityBadge severity={alert.severity} />
                <Link href={`/alerts?id=${alert.id}`} className="min-w-0 truncate after:absolute after:inset-0 hover:underline" data-tip={alert.summary}>
                  {alert.summary}
                </Link>
                <span className="ml-auto text-xs text-quiet">
                  <Ago value={alert.opened} />
                </span>
              </li>
            ))}
          </ul>
        )}
      </View>
    </Panel>
  );
}
