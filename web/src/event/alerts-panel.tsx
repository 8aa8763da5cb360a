"use client";

import Link from "next/link";

import { api, type Conjunction } from "@/api/client";
import { pair } from "@/conjunctions/pair";
import { Ago } from "@/time/time";
import { SeverityBadge } from "@/ui/badge";
import { Panel } from "@/ui/panel";
import { View } from "@/ui/state";

/** The newest alerts of the primary are looked through for those about this event. */
const LOOKED_THROUGH = 200;

export function AlertsPanel({ conjunction }: { conjunction: Conjunction }) {
  const [{ catalog_number: object }] = pair(conjunction.objects);
  const alerts = api.useQuery("get", "/api/v1/alerts", { params: { query: { object, limit: LOOKED_THROUGH } } });
  return (
    <Panel title="Alerts">
      <View query={alerts} what="alerts">
        {({ items }) => {
          const about = items.filter(({ subject }) => subject.kind === "conjunction" && subject.conjunction === conjunction.id);
          if (about.length === 0) {
            return (
              <p className="text-quiet">
                None about this event.{" "}
                <Link href="/rules" className="text-accent underline">
                  Rules
                </Link>{" "}
                say when to alert.
              </p>
            );
          }
          return (
            <ul className="space-y-1">
              {about.map((alert) => (
                <li key={alert.id} className="flex flex-wrap items-center gap-2">
                  <SeverityBadge severity={alert.severity} />
                  <Link href={`/alerts?id=${alert.id}`} className="min-w-0 flex-1 hover:text-accent hover:underline">
                    {alert.summary}
                  </Link>
                  <span className="text-quiet">
                    {alert.state}, <Ago value={alert.updated} />
                  </span>
                </li>
              ))}
            </ul>
          );
        }}
      </View>
    </Panel>
  );
}
