"use client";

/** Where the data of an object comes from, how good it is, and how to take it away. */
import { keepPreviousData } from "@tanstack/react-query";
import { Download } from "lucide-react";
import Link from "next/link";

import { api, inWords, statusOf, type Schemas } from "@/api/client";
import { DownloadLink } from "@/api/download-link";
import { FeedBadge } from "@/feeds/badge";
import { READ_EVERY_MS, stateOf } from "@/feeds/order";
import { Ago, Time } from "@/time/time";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Fact, Facts, Panel } from "@/ui/panel";
import { View } from "@/ui/state";
import { count } from "@/units/format";
import { GRADES } from "@/units/words";
import type { ElementSet } from "./derive";

interface SourcesProps {
  object: Schemas["ObjectRow"];
  /** Its element sets, the newest first. */
  rows: ElementSet[];
  /** Whether older ones are kept that were not read. */
  hasOlder: boolean;
  startMs: number;
}

const DAY_MS = 86_400_000;

export function Sources({ object, rows, hasOlder, startMs }: SourcesProps) {
  const newest = rows[0];
  const number = object.catalog_number;
  const deliveries = new Set(rows.map(({ ingest }) => ingest)).size;
  return (
    <Panel title="Data sources" actions={<Exports number={number} startMs={startMs} />}>
      <div className="grid gap-3 lg:grid-cols-2">
        <Facts>
          <Fact name="Current element set from">{object.source ?? <span className="text-quiet">nobody</span>}</Fact>
          {object.grade != null && (
            <Fact name="Grade">
              <Badge>{GRADES[object.grade].short}</Badge> <span className="text-quiet">{GRADES[object.grade].means}</span>
            </Fact>
          )}
          {object.epoch != null && (
            <Fact name="Age of the data">
              <Ago value={object.epoch} />
            </Fact>
          )}
          {newest !== undefined && (
            <Fact name="Arrived">
              <Time value={newest.arrived} />, delivery <span className="font-mono text-xs">{newest.ingest}</span>
            </Fact>
          )}
          <Fact name="Element sets kept">
            {hasOlder ? `More than the newest ${count(rows.length)}, which are` : count(rows.length)} from {count(deliveries)}{" "}
            {deliveries === 1 ? "delivery" : "deliveries"}
          </Fact>
          <Fact name="Operator ephemeris">
            <OperatorEphemeris number={number} startMs={startMs} />
          </Fact>
        </Facts>
        <div>
          <Feed source={object.source ?? null} />
        </div>
      </div>
    </Panel>
  );
}

/** The service takes the operator's ephemeris where one covers the time that is asked for, and says so. */
function OperatorEphemeris({ number, startMs }: { number: number; startMs: number }) {
  const at = new Date(startMs).toISOString();
  const ephemeris = api.useQuery(
    "get",
    "/api/v1/objects/{number}/ephemeris",
    { params: { path: { number }, query: { start: at, stop: at } } },
    { staleTime: Number.POSITIVE_INFINITY, retry: false, placeholderData: keepPreviousData },
  );
  const known = ephemeris.data?.operator_ephemeris;
  if (ephemeris.isPending) return <span className="text-quiet">Looking</span>;
  if (ephemeris.isError) {
    // The service has none where the orbit has decayed by then, and says so; another error tells nothing of the object.
    return statusOf(ephemeris.error) === 422 ? (
      <span className="text-quiet">No states at this time</span>
    ) : (
      <span className="text-elevated">Cannot be read: {inWords(ephemeris.error)}</span>
    );
  }
  if (known == null) return "None covers this time";
  return (
    <>
      From <Time value={known.start} /> to <Time value={known.stop} />, arrived <Ago value={known.arrived} />
    </>
  );
}

function Feed({ source }: { source: string | null }) {
  const feeds = api.useQuery("get", "/api/v1/feeds", {}, { refetchInterval: READ_EVERY_MS });
  return (
    <View query={feeds} what="feeds">
      {({ items }) => {
        const feed = items.find(({ name }) => name === source);
        if (feed === undefined) return <p className="text-quiet">No feed is called so: it came with an upload, or from a feed that is not there any more.</p>;
        return (
          <Facts>
            <Fact name="Feed">
              <Link href="/feeds" className="text-accent underline">
                {feed.name}
              </Link>{" "}
              <FeedBadge state={stateOf(feed)} />
            </Fact>
            {feed.confirmed != null && (
              <Fact name="Confirmed">
                <Ago value={feed.confirmed} />
              </Fact>
            )}
            {feed.problem != null && <Fact name="Problem">{feed.problem}</Fact>}
          </Facts>
        );
      }}
    </View>
  );
}

function Exports({ number, startMs }: { number: number; startMs: number }) {
  const base = `/api/v1/objects/${number}`;
  const span = `start=${new Date(startMs).toISOString()}&stop=${new Date(startMs + DAY_MS).toISOString()}`;
  const files = [
    { name: "OMM", path: `${base}/element-sets?format=omm_kvn&limit=1`, file: `${number}.omm`, tip: "Newest element set as OMM" },
    { name: "TLE", path: `${base}/element-sets?format=tle&limit=1`, file: `${number}.tle`, tip: "Newest element set as two lines" },
    { name: "OEM", path: `${base}/ephemeris?format=oem_kvn&${span}`, file: `${number}.oem`, tip: "States of the next day as OEM" },
  ];
  return files.map(({ name, path, file, tip }) => (
    <Button key={name} size="small" asChild>
      <DownloadLink path={path} download={file} data-tip={tip}>
        <Download /> {name}
      </DownloadLink>
    </Button>
  ));
}
