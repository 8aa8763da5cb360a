"use client";

import Link from "next/link";

import { api, type Conjunction } from "@/api/client";
import { pair } from "@/conjunctions/pair";
import { Ago } from "@/time/time";
import { SeverityBadge } from "@/ui/badge";
import { Panel } from "@/ui/panel";
import { View } from "@/ui/state";
import { nameOf } from "@/units/words";

/** The newest alerts of the primary are looked through for those about this event. */
const LOOKED_THROUGH = 200;

export function AlertsPanel({ conjunction }: { conjunction: Conjunction }) {
  const [primary] = pair(conjunction.objects);
  const query = { object: primary.catalog_number, limit: LOOKED_THROUGH };
  const alerts = api.useQuery("get", "/api/v1/alerts", { params: { query } });
  return (
    <Panel title="Alerts">
      <View query={alerts} what="alerts">
        {({ items, next_cursor: older }) => {
          const about = items.filter(({ subject }) => subject.kind === "conjunction" && subject.conjunction === conjunction.id);
          const among = `among the newest ${LOOKED_THROUGH} alerts of ${nameOf(primary)}`;
          if (about.length === 0) {
            return (
              <p className="text-quiet">
                {older == null ? "None about this event." : `None ${among}.`}{" "}
                <Link href="/rules" className="text-accent underline">
                  Rules
                </Link>{" "}
                say when to alert.
              </p>
            );
          }
          return (
            <>
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
              {older != null && <p className="mt-1 text-xs text-quiet">Those {among}.</p>}
            </>
          );
        }}
      </View>
    </Panel>
  );
}
