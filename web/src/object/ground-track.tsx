"use client";

/** The next two turns over the ground, on a map. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";

import { api } from "@/api/client";
import { placeInWords } from "@/earth/frames";
import { landRings, type Ring } from "@/earth/land";
import { useEventNow } from "@/time/reference";
import { Time } from "@/time/time";
import { Panel } from "@/ui/panel";
import { View } from "@/ui/state";
import { distance } from "@/units/format";
import { pieces, placeAt, trackOf, type TrackPoint } from "./derive";

const STATES = 240;

function path(points: readonly (readonly [longitude: number, latitude: number])[]): string {
  return points.map(([longitude, latitude], at) => `${at === 0 ? "M" : "L"}${longitude.toFixed(2)} ${(-latitude).toFixed(2)}`).join("");
}

function landPath(rings: readonly Ring[]): string {
  return rings.map((ring) => `${path(ring)}Z`).join("");
}

interface GroundTrackProps {
  number: number;
  periodMinutes: number;
  /** What counts as now, in steps: the track goes on as long as the page is open. */
  startMs: number;
}

export function GroundTrack({ number, periodMinutes, startMs }: GroundTrackProps) {
  const spanS = periodMinutes * 60 * 2;
  const query = {
    start: new Date(startMs).toISOString(),
    stop: new Date(startMs + spanS * 1_000).toISOString(),
    step_s: Math.max(1, Math.round(spanS / STATES)),
    frame: "itrf" as const,
  };
  const ephemeris = api.useQuery("get", "/api/v1/objects/{number}/ephemeris", { params: { path: { number }, query } }, {
    staleTime: Number.POSITIVE_INFINITY,
    // The track of before is there until that of the next step is.
    placeholderData: keepPreviousData,
  });
  return (
    <Panel title="Ground track" note="The next two turns">
      <View query={ephemeris} what="states">
        {(data) => (
          <>
            <Map track={trackOf(data)} />
            <p className="mt-1 text-xs text-quiet">
              From {data.source === "operator_ephemeris" ? "the operator's ephemeris" : "the current element set"}, in ITRF
              {data.earth_orientation?.kind === "none" ? " without the orientation of the Earth: off by up to 0.5 km" : ""}. From{" "}
              <Time value={query.start} /> to <Time value={query.stop} />.
            </p>
          </>
        )}
      </View>
    </Panel>
  );
}

function Map({ track }: { track: TrackPoint[] }) {
  const land = useQuery({ queryKey: ["land"], queryFn: landRings, staleTime: Number.POSITIVE_INFINITY });
  const outline = useMemo(() => landPath(land.data ?? []), [land.data]);
  const lines = useMemo(() => pieces(track).map((piece) => path(piece.map((point) => [point.longitude_deg, point.latitude_deg]))), [track]);
  const now = useEventNow();
  const here = now === null ? null : placeAt(track, now);
  const start = track[0];
  return (
    <figure>
      <svg role="img" aria-label={`Map with the ground track${start === undefined ? "" : `, from ${placeInWords(start)}`}.`} viewBox="-180 -90 360 180" className="w-full rounded bg-raised">
        <path d={outline} fillRule="evenodd" className="fill-line stroke-line-strong" strokeWidth="0.3" />
        <path d="M-180 0H180M0 -90V90" className="stroke-line-strong" strokeWidth="0.2" opacity="0.6" />
        {lines.map((line, place) => (
          <path key={place} d={line} fill="none" className="stroke-accent" strokeWidth="1" />
        ))}
        {here !== null && <circle cx={here.longitude_deg} cy={-here.latitude_deg} r="2.6" className="fill-high stroke-panel" strokeWidth="0.6" />}
      </svg>
      <figcaption className="mt-1 tabular-nums">
        {here === null ? "No position at this time" : `Over ${placeInWords(here)}, ${distance(here.altitude_km)} above the ellipsoid`}
      </figcaption>
    </figure>
  );
}
