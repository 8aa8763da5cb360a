"use client";

import { useMemo, useState } from "react";

import { api, inWords, type Schemas } from "@/api/client";
import { pair } from "@/conjunctions/pair";
import { sigma } from "@/conjunctions/words";
import { Plot, type Series } from "@/plots/plot";
import { span } from "@/time/format";
import { Panel } from "@/ui/panel";
import { Select } from "@/ui/field";
import { Loading } from "@/ui/state";
import { distance, signed } from "@/units/format";
import { approachOf, halfFor, HALVES_S, straightApproach, windowOf, type Approach } from "./approach";

type Geometry = Schemas["GeometryRow"];

/** Distance of the two around closest approach, from the motion that the service computes. */
export function ApproachPanel({ geometry }: { geometry: Geometry }) {
  const [chosen, choose] = useState<number | null>(null);
  const half = chosen ?? halfFor(geometry.miss_distance_km, geometry.relative_speed_km_s);
  const { approach, problem, isPending } = useApproach(geometry, half);
  return (
    <Panel
      title="Distance around TCA"
      actions={
        <Select aria-label="Window around TCA" className="h-7 w-24 text-xs" value={half} onChange={({ target }) => choose(Number(target.value))}>
          {HALVES_S.map((seconds) => (
            <option key={seconds} value={seconds}>
              ± {seconds < 60 ? `${seconds} s` : seconds < 3_600 ? `${seconds / 60} min` : "1 h"}
            </option>
          ))}
        </Select>
      }
    >
      {isPending ? <Loading what="the motion of both objects" rows={6} /> : <Drawn approach={approach} half={half} />}
      <p className="mt-1 text-xs text-quiet">
        {isPending ? "" : minimumInWords(approach, geometry)}{" "}
        {problem === null ? "From the states of both objects by their current data." : `On a straight line from TCA, as the states cannot be had: ${problem}.`}
      </p>
    </Panel>
  );
}

function minimumInWords({ minimum }: Approach, geometry: Geometry): string {
  const when = `${signed(minimum.secondsFromTca, 3)} s from TCA`;
  // What the screening found is true of its own data; objects may have newer data since.
  const differs = Math.abs(minimum.distanceKm - geometry.miss_distance_km) > Math.max(0.001, 0.02 * geometry.miss_distance_km);
  const solution = differs ? ` The solution says ${sigma(geometry.miss_distance_km)}: the data is newer than its screening.` : "";
  return `Least distance ${sigma(minimum.distanceKm)}, ${when}.${solution}`;
}

interface UsedApproach {
  approach: Approach;
  /** Why it is a straight line; null where it is not. */
  problem: string | null;
  isPending: boolean;
}

function useApproach(geometry: Geometry, half: number): UsedApproach {
  const [one, other] = pair(geometry.objects);
  const query = windowOf(geometry.tca, half);
  const first = useStates(one.catalog_number, query);
  const second = useStates(other.catalog_number, query);
  const error = first.error ?? second.error;
  // Undefined until both have been read; null where they do not go together.
  const computed = useMemo(() => {
    if (first.data === undefined || second.data === undefined) return undefined;
    return approachOf(first.data.states, second.data.states, geometry.tca);
  }, [first.data, second.data, geometry.tca]);
  const straight = useMemo(() => straightApproach(geometry.relative_position_km, geometry.relative_velocity_km_s, half), [geometry, half]);
  return {
    approach: computed ?? straight,
    problem: problemOf(computed, error),
    isPending: computed === undefined && error === null,
  };
}

function problemOf(computed: Approach | null | undefined, error: unknown): string | null {
  // A re-reading that fails takes nothing from what was read before.
  if (computed != null) return null;
  if (error !== null) return inWords(error);
  return computed === null ? "those of the two are not of the same times" : null;
}

function useStates(number: number, query: ReturnType<typeof windowOf>) {
  return api.useQuery("get", "/api/v1/objects/{number}/ephemeris", { params: { path: { number }, query } }, { staleTime: 300_000 });
}

const kilometers = (km: number) => (km >= 1 ? String(km) : km.toPrecision(1));

function Drawn({ approach, half }: { approach: Approach; half: number }) {
  const x = approach.secondsFromTca;
  const series = useMemo<Series[]>(() => {
    const nearest = x.reduce((best, at, place) => {
      const away = Math.abs(at - approach.minimum.secondsFromTca);
      return away < Math.abs((x[best] ?? Infinity) - approach.minimum.secondsFromTca) ? place : best;
    }, 0);
    const minimum = x.map((_, place) => (place === nearest ? approach.minimum.distanceKm : null));
    return [
      { label: "Distance (km)", values: approach.distanceKm, color: 1 },
      { label: "Least (km)", values: minimum, color: 2, points: true },
    ];
  }, [approach, x]);
  return (
    <Plot
      label={`Distance of the two objects from ${span(half)} before closest approach to ${span(half)} after it, least at ${distance(approach.minimum.distanceKm)}.`}
      x={x}
      series={series}
      xLabel="Time from TCA (s)"
      yLabel="Distance (km)"
      logarithmic
      height={170}
      format={kilometers}
    />
  );
}
