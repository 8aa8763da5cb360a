"use client";

/** What changed since a time: events that are new, that became likelier, and that are no longer found. */
import { useQueries } from "@tanstack/react-query";
import { Tabs } from "radix-ui";

import { api, type Conjunction, type Schemas } from "@/api/client";
import { Ago } from "@/time/time";
import { Select } from "@/ui/field";
import { Panel } from "@/ui/panel";
import { Loading, View } from "@/ui/state";
import { count, probability } from "@/units/format";
import { leading } from "@/units/words";
import { EventRows } from "./event-rows";
import { joined, useKeptData } from "./kept-data";
import { SINCES, type Since, type Visit } from "./visits";

type Changes = Schemas["ConjunctionChanges"];
type WatchList = Schemas["WatchListRow"];

/** So many of each kind are read, of each of so many lists. */
const MOST = 50;
const MOST_LISTS = 8;

const SINCE_WORDS: Record<Since, string> = { visit: "since my last visit", "8h": "in the last 8 h", "24h": "in the last 24 h" };

interface Kinds {
  new: Conjunction[];
  raised: Changes["raised"];
  cleared: Conjunction[];
}

export interface Together extends Kinds {
  /** The kinds of which there may be more than were read. */
  cut: Set<keyof Kinds>;
}

const KINDS = ["new", "raised", "cleared"] as const;

/** The changes of several lists as those of one, in the order of one: an event of two lists is one event. */
export function together(all: readonly Changes[]): Together {
  const once = <T,>(rows: readonly T[], idOf: (row: T) => string): T[] => [...new Map(rows.map((row) => [idOf(row), row])).values()];
  return {
    new: once(
      all.flatMap((changes) => changes.new),
      ({ id }) => id,
    ).sort((one, other) => leading(other) - leading(one)),
    raised: once(
      all.flatMap(({ raised }) => raised),
      ({ conjunction }) => conjunction.id,
    ).sort((one, other) => leading(other.conjunction) - leading(one.conjunction)),
    cleared: once(
      all.flatMap(({ cleared }) => cleared),
      ({ id }) => id,
    ).sort((one, other) => Date.parse(one.tca) - Date.parse(other.tca)),
    cut: new Set(KINDS.filter((kind) => all.some((changes) => changes[kind].length >= MOST))),
  };
}

export function ChangesPanel({ visit }: { visit: Visit | null }) {
  const lists = api.useQuery("get", "/api/v1/watch-lists", {});
  const watched = lists.data?.items.filter(({ objects }) => objects.length > 0);
  const whose = watched === undefined ? "" : watched.length > 0 ? "of my satellites" : "of the whole catalog, from 1 × 10⁻⁷ on";
  return (
    <Panel
      title="What changed"
      note={whose}
      className="min-h-56 flex-1"
      actions={
        visit !== null && (
          <>
            <span className="text-xs text-quiet">
              <Ago value={visit.from} />
            </span>
            <Select
              aria-label="Changes since"
              className="h-7 w-52"
              value={visit.since}
              onChange={(event) => visit.setSince(SINCES.find((one) => one === event.target.value) ?? "visit")}
            >
              {SINCES.map((since) => (
                <option key={since} value={since}>
                  {SINCE_WORDS[since]}
                </option>
              ))}
            </Select>
          </>
        )
      }
    >
      <View query={lists} what="watch lists">
        {() =>
          visit === null || watched === undefined ? (
            <Loading what="changes" />
          ) : (
            <div className="flex h-full flex-col">
              <Read visit={visit} lists={watched.slice(0, MOST_LISTS)} />
              <LeftOut lists={watched.slice(MOST_LISTS)} />
            </div>
          )
        }
      </View>
    </Panel>
  );
}

function LeftOut({ lists }: { lists: WatchList[] }) {
  if (lists.length === 0) return null;
  return <p className="mt-1 px-1.5 text-xs text-quiet">Not looked at: the watch lists {lists.map(({ name }) => name).join(", ")}.</p>;
}

function Read({ visit, lists }: { visit: Visit; lists: WatchList[] }) {
  const { from, since } = visit;
  const asked = lists.length === 0 ? [undefined] : lists.map(({ id }) => id);
  const reading = useQueries({
    queries: asked.map((list) =>
      api.queryOptions("get", "/api/v1/conjunctions/changes", {
        params: { query: { since: from, limit: MOST, ...(list === undefined ? {} : { watch_list: list }) } },
      }),
    ),
    combine: joined,
  });
  const changes = useKeptData(reading, [since, ...asked].join());
  return (
    <View query={changes} what="changes">
      {(all) => <Shown changes={together(all)} />}
    </View>
  );
}

function Shown({ changes }: { changes: Together }) {
  const before = new Map(changes.raised.map(({ conjunction, before: point }) => [conjunction.id, point.leading_probability]));
  const parts = [
    { id: "new", name: "New", rows: changes.new, none: "No new event." },
    { id: "raised", name: "Raised", rows: changes.raised.map(({ conjunction }) => conjunction), none: "No event became at least ten times as likely." },
    { id: "cleared", name: "Cleared", rows: changes.cleared, none: "No event was cleared." },
  ] as const;
  return (
    <Tabs.Root defaultValue="new" className="flex min-h-0 flex-1 flex-col">
      <Tabs.List aria-label="Kinds of change" className="mb-1 flex gap-1">
        {parts.map(({ id, name, rows }) => (
          <Tabs.Trigger
            key={id}
            value={id}
            className="rounded-md px-2 py-1 hover:bg-raised data-[state=active]:bg-accent-soft data-[state=active]:font-medium data-[state=active]:text-accent"
          >
            {name} {count(rows.length)}
            {changes.cut.has(id) && "+"}
          </Tabs.Trigger>
        ))}
      </Tabs.List>
      {parts.map(({ id, name, rows, none }) => (
        <Tabs.Content key={id} value={id} className="min-h-0 flex-1 basis-32 overflow-auto">
          {rows.length === 0 ? (
            <p className="px-1.5 py-2 text-quiet">{none}</p>
          ) : (
            <EventRows
              label={`${name} events`}
              rows={rows}
              {...(id === "raised" ? { more: { title: "Before", of: (row) => probability(before.get(row.id) ?? 0) } } : {})}
            />
          )}
        </Tabs.Content>
      ))}
    </Tabs.Root>
  );
}
