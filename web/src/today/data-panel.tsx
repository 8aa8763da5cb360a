"use client";

/** How old the data is, and which feeds do not bring any. */
import { CircleCheck, TriangleAlert } from "lucide-react";
import Link from "next/link";
import type { ReactNode } from "react";

import { api, inWords } from "@/api/client";
import { READ_EVERY_MS, stateOf, type Feed } from "@/feeds/order";
import { Ago } from "@/time/time";
import { Fact, Facts, Panel } from "@/ui/panel";
import { Loading, View } from "@/ui/state";
import { Tip } from "@/ui/tip";
import { count } from "@/units/format";

/** What is wrong with a feed, in words; null where nothing is. */
export function feedTrouble(feed: Feed): string | null {
  const why = feed.problem == null ? "" : `: ${feed.problem}`;
  switch (stateOf(feed)) {
    case "stopped":
      return `is not asked any more${why}`;
    case "stale":
      return `has sent nothing new for too long${why}`;
    case "failing":
      return `failed ${feed.failures === 1 ? "once" : `${count(feed.failures)} times`}${why}`;
    default:
      return null;
  }
}

/** Of feeds without trouble: how many answer, and that others were not asked so far. Those that are gone do not count. */
export function answering(feeds: readonly Feed[]): { words: string; isGood: boolean } {
  const states = feeds.map(stateOf);
  const good = states.filter((state) => state === "good").length;
  const unasked = states.filter((state) => state === "unasked").length;
  if (good + unasked === 0) return { words: "none is configured", isGood: false };
  if (unasked > 0) return { words: `${good} of ${good + unasked} answer; ${unasked} not asked yet`, isGood: false };
  return { words: good === 1 ? "the one that is asked answers" : `all ${good} answer`, isGood: true };
}

export function DataPanel() {
  const status = api.useQuery("get", "/api/v1/status", {});
  const feeds = api.useQuery("get", "/api/v1/feeds", {}, { refetchInterval: READ_EVERY_MS });
  return (
    <Panel
      title="Data"
      actions={
        <Link href="/feeds" className="text-accent hover:underline">
          Feeds and runs
        </Link>
      }
    >
      <View query={status} what="status" loading={<Loading what="status" rows={4} />}>
        {(now) => (
          <Facts>
            <Fact name="Catalog arrived">{now.newest_arrival == null ? "nothing yet" : <Ago value={now.newest_arrival} />}</Fact>
            <Fact name="Newest epoch">{now.newest_epoch == null ? "none yet" : <Ago value={now.newest_epoch} />}</Fact>
            <Fact name="Space weather">
              <LastDay path="/api/v1/space-weather" />
            </Fact>
            <Fact name="Earth orientation">
              <LastDay path="/api/v1/earth-orientation" />
            </Fact>
            <Fact name="Feeds">
              <View query={feeds} what="feeds" loading={<span className="text-quiet">Loading feeds</span>}>
                {({ items }) => <FeedsLine feeds={items} />}
              </View>
            </Fact>
          </Facts>
        )}
      </View>
    </Panel>
  );
}

function FeedsLine({ feeds }: { feeds: Feed[] }): ReactNode {
  const troubled = feeds.flatMap((feed) => {
    const trouble = feedTrouble(feed);
    return trouble === null ? [] : [{ name: feed.name, trouble }];
  });
  if (troubled.length === 0) {
    const { words, isGood } = answering(feeds);
    if (!isGood) return <span className="text-quiet">{words}</span>;
    return (
      <span className="inline-flex items-center gap-1 text-good">
        <CircleCheck aria-hidden className="size-3.5" />
        {words}
      </span>
    );
  }
  return (
    <ul>
      {troubled.map(({ name, trouble }) => (
        <li key={name} className="flex items-start gap-1 text-elevated">
          <TriangleAlert aria-hidden className="mt-0.5 size-3.5 shrink-0" />
          <Tip className="line-clamp-2" says={trouble}>
            <b>{name}</b> {trouble}
          </Tip>
        </li>
      ))}
    </ul>
  );
}

const DAY_MS = 86_400_000;
/** No event tells of a new table. */
const TABLES_READ_EVERY_MS = 600_000;

/** How far a table of days goes. Asked of one day only: where the table ends is said with any of them. */
function LastDay({ path }: { path: "/api/v1/space-weather" | "/api/v1/earth-orientation" }) {
  const status = api.useQuery("get", "/api/v1/status", {});
  const day = status.data?.now.slice(0, 10) ?? "";
  const days = api.useQuery("get", path, { params: { query: { from: day, to: day } } }, { enabled: day !== "", refetchInterval: TABLES_READ_EVERY_MS });
  if (days.error !== null) return <span className="text-high">{inWords(days.error)}</span>;
  if (days.data === undefined) return <span className="text-quiet">Loading</span>;
  const { last_observed: observed, last } = days.data;
  if (last == null) return <span className="text-quiet">no table has arrived</span>;
  const age = observed == null ? Infinity : (Date.parse(day) - Date.parse(observed)) / DAY_MS;
  return (
    <span className={age > 7 || last < day ? "text-elevated" : undefined}>
      {observed == null ? "no day observed" : `observed to ${observed}`}, {last < day ? "ends" : "predicted to"} {last}
    </span>
  );
}
