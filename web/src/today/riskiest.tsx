"use client";

/** The most probable collisions of the next 24 hours. */
import Link from "next/link";

import { api } from "@/api/client";
import { useEventStep } from "@/time/reference";
import { Panel } from "@/ui/panel";
import { Empty, Loading, View } from "@/ui/state";
import { EventRows } from "./event-rows";
import { useKeptData } from "./kept-data";

const SHOWN = 8;
const DAY_MS = 86_400_000;

export function Riskiest() {
  const step = useEventStep();
  const from = step ?? 0;
  const reading = api.useQuery(
    "get",
    "/api/v1/conjunctions",
    {
      params: {
        query: {
          status: "active",
          relation: false,
          sort: "probability",
          limit: SHOWN,
          tca_from: new Date(from).toISOString(),
          tca_to: new Date(from + DAY_MS).toISOString(),
        },
      },
    },
    { enabled: step !== null },
  );
  const events = useKeptData(reading, "riskiest");
  return (
    <Panel
      title="Riskiest of the next 24 hours"
      actions={
        <Link href="/conjunctions?within=24" className="text-accent hover:underline">
          All of them
        </Link>
      }
    >
      <View
        query={events}
        what="events"
        loading={<Loading what="events" rows={SHOWN} />}
        isEmpty={({ items }) => items.length === 0}
        empty={<Empty title="No event within 24 hours">Nothing that was screened comes that near.</Empty>}
      >
        {({ items }) => <EventRows label="Riskiest events of the next 24 hours" rows={items} />}
      </View>
    </Panel>
  );
}
