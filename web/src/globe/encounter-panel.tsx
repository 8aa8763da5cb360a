"use client";

/** A conjunction that is played: both objects, their distance now and against time. */
import type { Route } from "next";
import Link from "next/link";
import { useMemo } from "react";

import type { Conjunction } from "@/api/client";
import { Plot } from "@/plots/plot";
import { countdown } from "@/time/format";
import { Time } from "@/time/time";
import { RiskBadge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Fact, Facts } from "@/ui/panel";
import { distance, speed } from "@/units/format";
import { leading, nameOf } from "@/units/words";
import { closest, distanceAt, distancesAround } from "./encounter";
import type { Encounter } from "./engine";
import { useStore, type Store } from "./store";
import type { TimeState } from "./time-bar";

/** The plot shows so much before and after the closest approach. */
const AROUND_MS = 10 * 60_000;
const STEP_MS = 5_000;

interface EncounterPanelProps {
  conjunction: Conjunction;
  encounter: Encounter;
  time: Store<TimeState>;
  onReplay: () => void;
  onClose: () => void;
}

export function EncounterPanel({ conjunction, encounter, time, onReplay, onClose }: EncounterPanelProps) {
  const { timeMs } = useStore(time);
  const { paths, tcaMs } = encounter;
  const plotted = useMemo(() => distancesAround(paths, tcaMs, AROUND_MS, STEP_MS), [paths, tcaMs]);
  const least = useMemo(() => closest(paths, tcaMs), [paths, tcaMs]);
  const series = useMemo(() => [{ label: "Distance (km)", values: plotted.km }], [plotted]);
  const now = distanceAt(paths, timeMs);
  const names = conjunction.objects.map(nameOf);
  return (
    <section aria-label="Conjunction" className="border-b border-line p-3">
      <h2 className="mb-1.5 font-semibold">
        {names[0]} <span className="font-normal text-quiet">and</span> {names[1]}
      </h2>
      <div className="mb-2 grid grid-cols-2 gap-2 rounded-md bg-raised px-2 py-1.5">
        <div>
          <div className="text-xs text-quiet">To closest approach</div>
          <div className="text-lg font-semibold tabular-nums">{countdown(tcaMs, timeMs)}</div>
        </div>
        <div>
          <div className="text-xs text-quiet">Distance</div>
          <div className="text-lg font-semibold tabular-nums">{now === null ? "–" : distance(now)}</div>
        </div>
      </div>
      <Facts>
        <Fact name="TCA">
          <Time value={conjunction.tca} digits={3} />
        </Fact>
        <Fact name="Miss distance">{distance(conjunction.miss_distance_km)}</Fact>
        <Fact name="Relative speed">{speed(conjunction.relative_speed_km_s)}</Fact>
        <Fact name="Probability">
          <RiskBadge value={leading(conjunction)} maximum={conjunction.probability == null} />
        </Fact>
      </Facts>
      <Plot
        label={`Distance from ten minutes before to ten minutes after the closest approach${least === null ? "" : `, at the least ${distance(least.km)}`}.`}
        x={plotted.x}
        series={series}
        xLabel="Seconds from TCA"
        yLabel="Distance (km)"
        height={150}
      />
      <p className="my-2 text-xs text-quiet">
        Drawn from the current element sets{least === null ? "" : `, which come within ${distance(least.km)}`}. The run that found it may have
        had others, or an ephemeris of the operator.
      </p>
      <div className="flex flex-wrap gap-2">
        <Button size="small" onClick={onReplay}>
          Play again
        </Button>
        <Button size="small" asChild>
          <Link href={`/event?id=${conjunction.id}` as Route}>To the event</Link>
        </Button>
        <Button size="small" kind="ghost" onClick={onClose}>
          Back to all objects
        </Button>
      </div>
    </section>
  );
}
