"use client";

/** The next closest approach of each satellite that is watched. */
import { useQueries } from "@tanstack/react-query";
import Link from "next/link";

import { api, type Conjunction, type Schemas } from "@/api/client";
import { useMay } from "@/shell/session";
import { useZone } from "@/time/clock";
import { time } from "@/time/format";
import { useEventStep } from "@/time/reference";
import { Countdown } from "@/time/time";
import { Button } from "@/ui/button";
import { Panel } from "@/ui/panel";
import { Empty, View } from "@/ui/state";
import { TipsInside } from "@/ui/tip";
import { count, distance } from "@/units/format";
import { nameOf } from "@/units/words";
import { Risk } from "./event-rows";
import { joined, useKeptData } from "./kept-data";

type WatchList = Schemas["WatchListRow"];

const SHOWN = 6;
/** Requests are bounded: so many lists, and so many events of each. */
const MOST_LISTS = 8;
const EVENTS_PER_LIST = 200;

export interface NextOf {
  number: number;
  list: WatchList;
  event: Conjunction;
}

/** The first event of each watched satellite, the nearest first. `events` are those of each list, by TCA. */
export function nextOfEach(lists: readonly WatchList[], events: readonly (readonly Conjunction[])[]): NextOf[] {
  const next = new Map<number, NextOf>();
  lists.forEach((list, place) => {
    const watched = new Set(list.objects.map((object) => object.catalog_number));
    for (const event of events[place] ?? []) {
      for (const { catalog_number: number } of event.objects) {
        const known = next.get(number);
        if (watched.has(number) && (known === undefined || event.tca < known.event.tca)) next.set(number, { number, list, event });
      }
    }
  });
  return [...next.values()].sort((one, other) => one.event.tca.localeCompare(other.event.tca));
}

export function Satellites() {
  const may = useMay("write");
  const lists = api.useQuery("get", "/api/v1/watch-lists", {});
  return (
    <Panel
      title="My satellites"
      note="the next closest approach of each"
      actions={
        <Link href="/watch-lists" className="text-accent hover:underline">
          Watch lists
        </Link>
      }
    >
      <View
        query={lists}
        what="watch lists"
        isEmpty={({ items }) => items.every(({ objects }) => objects.length === 0)}
        empty={
          <Empty title="No satellite is watched yet">
            <p className="mb-2">A watch list names your satellites. Their events stand here, and alert rules can speak of them.</p>
            {may && (
              <Button kind="primary" size="small" asChild>
                <Link href="/watch-lists?new">Make a watch list</Link>
              </Button>
            )}
          </Empty>
        }
      >
        {({ items }) => <NextTcas lists={items.slice(0, MOST_LISTS)} more={items.length - MOST_LISTS} />}
      </View>
    </Panel>
  );
}

function NextTcas({ lists, more }: { lists: WatchList[]; more: number }) {
  const step = useEventStep();
  const reading = useQueries({
    queries: lists.map((list) => ({
      ...api.queryOptions("get", "/api/v1/conjunctions", {
        params: {
          query: {
            watch_list: list.id,
            status: "active",
            relation: false,
            sort: "tca",
            limit: EVENTS_PER_LIST,
            tca_from: new Date(step ?? 0).toISOString(),
          },
        },
      }),
      enabled: step !== null,
    })),
    combine: joined,
  });
  const events = useKeptData(reading, lists.map(({ id }) => id).join());
  return (
    <View query={events} what="events">
      {(pages) => <Next lists={lists} more={more} events={pages.map(({ items }) => items)} isWhole={pages.every((page) => page.next_cursor == null)} />}
    </View>
  );
}

interface NextProps {
  lists: WatchList[];
  /** So many lists are not among these. */
  more: number;
  /** Of each list. */
  events: Conjunction[][];
  /** Whether these are all events that are to come. */
  isWhole: boolean;
}

function Next({ lists, more, events, isWhole }: NextProps) {
  const { zone } = useZone();
  const next = nextOfEach(lists, events);
  const watched = new Set(lists.flatMap(({ objects }) => objects.map((object) => object.catalog_number))).size;
  return (
    <>
      <table aria-label="Next closest approach of each satellite" className="w-full table-fixed">
        <thead className="sr-only">
          <tr>
            <th scope="col">Satellite</th>
            <th scope="col">To TCA</th>
            <th scope="col">Miss distance</th>
            <th scope="col">Probability</th>
          </tr>
        </thead>
        <tbody>
          {next.slice(0, SHOWN).map(({ number, event }) => (
            <tr key={number} className="relative h-[26px] hover:bg-raised">
              <td className="truncate px-1.5">
                <Link href={`/event?id=${event.id}`} className="font-medium after:absolute after:inset-0 hover:underline" data-tip={`TCA ${time(event.tca, zone)}`}>
                  {nameOf(event.objects.find((object) => object.catalog_number === number) ?? { catalog_number: number })}
                </Link>
              </td>
              <td className="w-28 px-1.5">
                <Countdown to={event.tca} />
              </td>
              <td className="w-20 px-1.5 text-right whitespace-nowrap tabular-nums">{distance(event.miss_distance_km)}</td>
              <td className="w-32 px-1.5">
                <TipsInside>
                  <Risk row={event} />
                </TipsInside>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="mt-1 px-1.5 text-xs text-quiet">
        {next.length > SHOWN && `${count(next.length - SHOWN)} more satellites have events to come. `}
        {watched > next.length &&
          `${count(watched - next.length)} of ${count(watched)} have no event ${isWhole ? "to come" : `among the next ${EVENTS_PER_LIST} of their list`}. `}
        {more > 0 && `${count(more)} more lists are not shown here.`}
      </p>
    </>
  );
}
