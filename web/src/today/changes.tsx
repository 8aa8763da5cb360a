"use client";

/** What changed: conjunctions that are new, that have become more probable, and that are gone. */
import Link from "next/link";
import { useState, type ReactNode } from "react";

import { api, type Schemas } from "@/api/client";
import { Time } from "@/time/time";
import { Select } from "@/ui/field";
import { Panel } from "@/ui/panel";
import { Empty, Loading, View } from "@/ui/state";
import { distance, probability } from "@/units/format";
import { leading } from "@/units/words";
import { EventRows } from "./event-rows";
import { SINCES, type Since, type Visit } from "./visits";

type Changed = Schemas["ConjunctionChanges"];

/** Rows of each part; the list has the rest. */
const SHOWN = 6;

const SINCE: Record<Since, string> = { visit: "Since my last visit", "8h": "Last 8 h", "24h": "Last 24 h" };

export function Changes({ visit }: { visit: Visit }) {
  const lists = api.useQuery("get", "/api/v1/watch-lists", {});
  const [chosen, choose] = useState<string | null>(null);
  // Who watches satellites looks at theirs first.
  const watchList = chosen ?? lists.data?.items[0]?.id ?? "";
  const changes = api.useQuery(
    "get",
    "/api/v1/conjunctions/changes",
    { params: { query: { since: visit.from, limit: SHOWN, ...(watchList === "" ? {} : { watch_list: watchList }) } } },
    // Which list it is about has to be known first.
    { enabled: !lists.isPending },
  );
  return (
    <Panel
      title="What changed"
      note={
        <>
          since <Time value={visit.from} />
        </>
      }
      actions={
        <>
          <Select aria-label="Of which satellites" className="h-7 w-44 text-xs" value={watchList} onChange={(event) => choose(event.target.value)}>
            <option value="">Whole catalog</option>
            {lists.data?.items.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </Select>
          <Select
            aria-label="Since when"
            className="h-7 w-44 text-xs"
            value={visit.since}
            onChange={(event) => visit.setSince(SINCES.find((since) => since === event.target.value) ?? "visit")}
          >
            {SINCES.map((since) => (
              <option key={since} value={since}>
                {SINCE[since]}
              </option>
            ))}
          </Select>
        </>
      }
    >
      <View
        query={changes}
        what="changes"
        loading={<Loading what="changes" rows={6} />}
        isEmpty={isUnchanged}
        empty={
          <Empty title="Nothing changed">
            {watchList === "" ? "No conjunction from 1e-7 on is new, more probable or gone." : "No conjunction of this list is new, more probable or gone."}
          </Empty>
        }
      >
        {(changed) => <Parts changed={changed} watchList={watchList} />}
      </View>
    </Panel>
  );
}

function isUnchanged(changed: Changed): boolean {
  return changed.new.length + changed.raised.length + changed.cleared.length === 0;
}

function Parts({ changed, watchList }: { changed: Changed; watchList: string }) {
  const before = new Map(changed.raised.map((raised) => [raised.conjunction.id, raised.before.leading_probability]));
  return (
    <div className="flex flex-col gap-3">
      <Part name="New" many={changed.new.length} list={watchList}>
        <EventRows label="New conjunctions" rows={changed.new} />
      </Part>
      <Part name="Raised" many={changed.raised.length} list={watchList}>
        <EventRows
          label="Conjunctions that became at least ten times as probable"
          rows={changed.raised.map(({ conjunction }) => conjunction)}
          more={{
            title: "Was",
            of: (row) => {
              const was = before.get(row.id) ?? leading(row);
              return <span title={was === 0 ? "nothing to compare with" : `${(leading(row) / was).toFixed(0)} times as probable as then`}>{probability(was)}</span>;
            },
          }}
        />
      </Part>
      <Part name="Cleared" many={changed.cleared.length} list={null}>
        <EventRows label="Conjunctions that are found no longer" rows={changed.cleared} more={{ title: "Last miss", of: (row) => distance(row.miss_distance_km) }} />
      </Part>
    </div>
  );
}

/** A part with its rows; one without any is a line. */
function Part({ name, many, list, children }: { name: string; many: number; list: string | null; children: ReactNode }) {
  return (
    <section aria-label={name}>
      <h3 className="mb-1 flex items-baseline gap-2 text-xs font-semibold text-quiet">
        {name}: {many === 0 ? "none" : many === SHOWN ? `${SHOWN} or more, the most probable` : many}
        {many === SHOWN && list !== null && (
          <Link href={list === "" ? "/conjunctions" : `/conjunctions?list=${list}`} className="font-normal text-accent hover:underline">
            All conjunctions
          </Link>
        )}
      </h3>
      {many > 0 && children}
    </section>
  );
}
