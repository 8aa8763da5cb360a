"use client";

/** Where the data comes from, and how each source is doing. */
import type { ReactNode } from "react";

import { api } from "@/api/client";
import { span } from "@/time/format";
import { Ago } from "@/time/time";
import { ExportCsv, type CsvColumns } from "@/ui/export-csv";
import { Panel } from "@/ui/panel";
import { Empty, View } from "@/ui/state";
import { Cell, Heading, Table } from "@/ui/table";
import { count } from "@/units/format";
import { FeedBadge } from "./badge";
import { inOrder, inWords, kindOf, READ_EVERY_MS, stateOf, type Feed, type FeedState } from "./order";

const CSV: CsvColumns<Feed> = {
  name: ({ name }) => name,
  state: (feed) => inWords(stateOf(feed)).word,
  brings: (feed) => kindOf(feed),
  asked_utc: ({ asked }) => asked,
  changed_utc: ({ changed }) => changed,
  stale_after_s: ({ stale_after_s: seconds }) => seconds,
  not_before_utc: ({ not_before: next }) => next,
  records: ({ records }) => records,
  failures: ({ failures }) => failures,
  problem: ({ problem }) => problem,
};

export function Feeds() {
  const feeds = api.useQuery("get", "/api/v1/feeds", {}, { refetchInterval: READ_EVERY_MS });
  return (
    <Panel
      title="Feeds"
      note="Where the data comes from. Those that need somebody stand first."
      actions={<ExportCsv name="feeds" rows={feeds.data && inOrder(feeds.data.items)} columns={CSV} />}
    >
      <View
        query={feeds}
        what="feeds"
        isEmpty={({ items }) => items.length === 0}
        empty={<Empty title="No feed is set">The settings of the service name its feeds; ephemerides and element sets can be uploaded, too.</Empty>}
      >
        {({ items }) => (
          <Table label="Feeds">
            <thead>
              <tr>
                <Heading>Feed</Heading>
                <Heading>State</Heading>
                <Heading>Brings</Heading>
                <Heading>Last asked</Heading>
                <Heading tip="When it last sent something that we did not have">Last new data</Heading>
                <Heading tip="Age from which on what it sent is stale">Stale after</Heading>
                <Heading>Next</Heading>
                <Heading numeric>Records</Heading>
                <Heading numeric tip="Failures since it last answered well">
                  Failures
                </Heading>
              </tr>
            </thead>
            <tbody>{inOrder(items).map((feed) => <Row key={feed.name} feed={feed} />)}</tbody>
          </Table>
        )}
      </View>
    </Panel>
  );
}

function Row({ feed }: { feed: Feed }) {
  const state = stateOf(feed);
  const { means } = inWords(state);
  return (
    <>
      <tr>
        <Cell className="font-medium">{feed.name}</Cell>
        <Cell>
          <FeedBadge state={state} />
        </Cell>
        <Cell>{kindOf(feed)}</Cell>
        <Cell>{feed.asked == null ? "never" : <Ago value={feed.asked} />}</Cell>
        <Cell>{feed.changed == null ? "never" : <Ago value={feed.changed} />}</Cell>
        <Cell>{feed.stale_after_s == null ? "–" : span(feed.stale_after_s)}</Cell>
        <Cell>{next(feed, state)}</Cell>
        <Cell numeric>{feed.records == null ? "–" : count(feed.records)}</Cell>
        <Cell numeric>{count(feed.failures)}</Cell>
      </tr>
      {(feed.problem != null || state === "stale" || state === "stopped") && (
        <tr>
          <td colSpan={9} className="border-b border-line px-2 pb-1.5 text-high">
            {means}
            {feed.problem != null && ` It said: ${feed.problem}.`}
          </td>
        </tr>
      )}
    </>
  );
}

function next(feed: Feed, state: FeedState): ReactNode {
  if (state === "gone" || state === "stopped") return "not";
  if (feed.not_before == null) return feed.interval_s == null ? "–" : `every ${span(feed.interval_s)}`;
  return (
    <>
      <Ago value={feed.not_before} />
      {feed.interval_s != null && <span className="text-quiet">, every {span(feed.interval_s)}</span>}
    </>
  );
}
