"use client";

import Link from "next/link";

import { api } from "@/api/client";
import { Ago, Time } from "@/time/time";
import { Fact, Facts, Panel } from "@/ui/panel";
import { View } from "@/ui/state";
import { count } from "@/units/format";

/** What this service holds right now. */
export function Here() {
  const status = api.useQuery("get", "/api/v1/status", {});
  return (
    <Panel title="Here, now">
      <View query={status} what="status">
        {({ demo, newest_run: newest, newest_screening: screening, newest_epoch: epoch }) => {
          // The first one is on.
          const run = screening ?? newest;
          return (
            <>
              {run == null ? (
                <p>
                  Nothing was screened yet. That begins by itself as soon as a feed has brought a catalog: <FeedsLink />.
                </p>
              ) : (
                <Facts>
                  <Fact name="Screened">
                    {count(run.objects)} objects{run.not_screened > 0 && `; ${count(run.not_screened)} not, or not to the end`}
                  </Fact>
                  <Fact name="Within">{run.threshold_km} km of each other</Fact>
                  <Fact name="From">
                    <Time value={run.window_start} />
                  </Fact>
                  <Fact name="To">
                    <Time value={run.window_stop} />
                  </Fact>
                  <Fact name="Found">
                    {run.state === "completed" ? `${count(run.conjunctions)} conjunctions` : `${run.state}, ${run.slices_done} of ${run.slices} slices are done`}
                  </Fact>
                  {epoch != null && (
                    <Fact name="Newest data">
                      <Ago value={epoch} />
                    </Fact>
                  )}
                </Facts>
              )}
              <p className="mt-3 text-quiet">
                {demo
                  ? "This catalog is a made-up population: no object and no event in it is real. "
                  : "The screening misses no approach of the orbits that it is given; how near these are to the real ones, the data decides. "}
                Sources and runs: <FeedsLink />.
              </p>
            </>
          );
        }}
      </View>
    </Panel>
  );
}

function FeedsLink() {
  return (
    <Link href="/feeds" className="text-accent underline">
      Feeds and runs
    </Link>
  );
}
