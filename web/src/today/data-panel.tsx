"use client";

/** How old the data is, and which feeds do not bring any. */
import { CircleCheck, TriangleAlert } from "lucide-react";
import Link from "next/link";
import type { ReactNode } from "react";

import { api, inWords, type Schemas } from "@/api/client";
import { Ago } from "@/time/time";
import { Fact, Facts, Panel } from "@/ui/panel";
import { Loading, View } from "@/ui/state";
import { count } from "@/units/format";

type Feed = Schemas["FeedRow"];

/** What is wrong with a feed, in words; null where nothing is. */
export function feedTrouble(feed: Feed): string | null {
  const why = feed.problem == null ? "" : `: ${feed.problem}`;
  if (feed.stopped) return `is not asked any more${why}`;
  if (feed.failures > 0) return `failed ${feed.failures === 1 ? "once" : `${count(feed.failures)} times`}${why}`;
  return feed.stale ? "has sent nothing new for too long" : null;
}

export function DataPanel() {
  const status = api.useQuery("get", "/api/v1/status", {});
  const feeds = api.useQuery("get", "/api/v1/feeds", {});
  const troubled = (feeds.data?.items ?? []).flatMap((feed) => {
    const trouble = feedTrouble(feed);
    return trouble === null ? [] : [{ name: feed.name, trouble }];
  });
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
                {({ items }) => <FeedsLine asked={items.length} troubled={troubled} />}
              </View>
            </Fact>
          </Facts>
        )}
      </View>
    </Panel>
  );
}

function FeedsLine({ asked, troubled }: { asked: number; troubled: { name: string; trouble: string }[] }): ReactNode {
  if (asked === 0) return <span className="text-quiet">none is configured</span>;
  if (troubled.length === 0) {
    return (
      <span className="inline-flex items-center gap-1 text-good">
        <CircleCheck aria-hidden className="size-3.5" />
        {asked === 1 ? "the one that is asked answers" : `all ${asked} answer`}
      </span>
    );
  }
  return (
    <ul>
      {troubled.map(({ name, trouble }) => (
        <li key={name} className="flex items-start gap-1 text-elevated">
          <TriangleAlert aria-hidden className="mt-0.5 size-3.5 shrink-0" />
          <span className="line-clamp-2" title={trouble}>
            <b>{name}</b> {trouble}
          </span>
        </li>
      ))}
    </ul>
  );
}

const DAY_MS = 86_400_000;

/** How far a table of days goes. Asked of one day only: where the table ends is said with any of them. */
function LastDay({ path }: { path: "/api/v1/space-weather" | "/api/v1/earth-orientation" }) {
  const status = api.useQuery("get", "/api/v1/status", {});
  const day = status.data?.now.slice(0, 10) ?? "";
  const days = api.useQuery("get", path, { params: { query: { from: day, to: day } } }, { enabled: day !== "" });
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
