"use client";

import Link from "next/link";
import type { ReactNode } from "react";

import type { Conjunction, Schemas } from "@/api/client";
import { Sparkline } from "@/plots/sparkline";
import type { Column } from "@/table/data-table";
import { Countdown, Minute, ZoneName } from "@/time/time";
import { Badge, RiskBadge, type Tone } from "@/ui/badge";
import { Tip, TipsInside } from "@/ui/tip";
import { distance, probability, signed, speed } from "@/units/format";
import { Method } from "@/units/method";
import { GRADES, leading, nameOf, NOT_FROM_COVARIANCES } from "@/units/words";
import { USUAL, type Sort, type Status } from "./filters";
import { pair } from "./pair";
import { ageDays, DECISION_WORDS, dilutionInWords, sigma, STATUS_WORDS } from "./words";

type Participant = Schemas["ParticipantRow"];

const TONES: Record<Status, Tone> = { active: "low", cleared: "good", past: "quiet", superseded: "quiet" };

export function StatusBadge({ status }: { status: Status }) {
  const { short, means } = STATUS_WORDS[status];
  return (
    <Badge tone={TONES[status]} tip={means}>
      {short}
    </Badge>
  );
}

function ObjectLink({ object }: { object: Participant }) {
  return (
    <Link
      href={`/object?number=${object.catalog_number}`}
      prefetch={false}
      className="block truncate hover:text-accent hover:underline"
      data-tip={`${nameOf(object)}, catalog number ${object.catalog_number}`}
    >
      {nameOf(object)}
    </Link>
  );
}

/** The way to an event, for who wants it in another tab, and for who hears the page. By keys, Enter in the row leads there. */
export function EventLink({ id, children }: { id: string; children: ReactNode }) {
  return (
    <Link href={`/event?id=${id}`} prefetch={false} tabIndex={-1} className="hover:text-accent hover:underline">
      <TipsInside>{children}</TipsInside>
    </Link>
  );
}

/** Grade and age at closest approach: `GP 7.5 d`. */
function Data({ object, tca }: { object: Participant; tca: string }) {
  const { short, means } = GRADES[object.grade];
  const age = ageDays(object.epoch, tca);
  return (
    <Tip says={`${nameOf(object)}: ${means}${age === null ? "" : ` ${age.toFixed(1)} days old at closest approach.`}`}>
      {short} {age === null ? "age unknown" : `${age.toFixed(1)} d`}
    </Tip>
  );
}

function km(value: number): string {
  return signed(value, Math.abs(value) < 10 ? 3 : 1);
}

/** The columns, in their order. `name` is what the choice of columns calls them. */
export type NamedColumn = Column<Conjunction> & {
  name: string;
  /** Not shown until somebody wants it. */
  hidden?: boolean;
};

/** Which way the probability went, on a logarithmic scale. */
function Trend({ row }: { row: Conjunction }) {
  const points = row.trend ?? [];
  const [first] = points;
  const said = first === undefined ? "" : `from ${probability(first.leading_probability)} to ${probability(leading(row))} in ${points.length} solutions`;
  // What is 0 lies below all that can be told apart.
  return <Sparkline label={said} values={points.map(({ leading_probability: one }) => Math.log10(Math.max(one, LEAST_TOLD)))} />;
}

const LEAST_TOLD = 1e-12;

/** What the organization did about it: the weightiest first. */
export function Handling({ handled }: { handled: Schemas["HandledRow"] | undefined }) {
  if (handled === undefined) return <span className="text-quiet">–</span>;
  const { decision, assignee, acknowledged_by: acknowledgedBy } = handled;
  const said = [
    decision == null ? null : DECISION_WORDS[decision],
    assignee ?? null,
    acknowledgedBy == null ? null : `acknowledged by ${acknowledgedBy}`,
  ].filter((one) => one !== null);
  const text = said.length > 0 ? said.join(", ") : `${handled.notes} ${handled.notes === 1 ? "note" : "notes"}`;
  return (
    <Tip says={text} className="block truncate">
      {text}
    </Tip>
  );
}

function sort(by: Sort) {
  return { by, direction: USUAL[by] };
}

export const COLUMNS: readonly NamedColumn[] = [
  {
    id: "time_to",
    name: "Time to TCA",
    header: "To TCA",
    cell: ({ row }) => <Countdown to={row.original.tca} />,
    meta: { width: 7, tip: "Time left to closest approach" },
  },
  {
    id: "tca",
    name: "TCA",
    header: () => (
      <span>
        TCA (<ZoneName />)
      </span>
    ),
    cell: ({ row }) => (
      <EventLink id={row.original.id}>
        <Minute value={row.original.tca} />
      </EventLink>
    ),
    meta: { width: 8.4, sort: sort("tca"), tip: "Time of closest approach" },
  },
  {
    id: "primary",
    name: "Primary",
    header: "Primary",
    cell: ({ row }) => <ObjectLink object={pair(row.original.objects)[0]} />,
    meta: { width: 8.2, tip: "First object" },
  },
  {
    id: "secondary",
    name: "Secondary",
    header: "Secondary",
    cell: ({ row }) => <ObjectLink object={pair(row.original.objects)[1]} />,
    meta: { width: 8.2, tip: "Second object" },
  },
  {
    id: "probability",
    name: "Probability",
    header: "Probability",
    cell: ({ row: { original } }) => (
      <span className="inline-flex items-center gap-1.5">
        <RiskBadge value={leading(original)} maximum={original.probability == null} />
        <Method method={original.probability_method} className="w-9 text-left text-xs text-quiet" />
      </span>
    ),
    meta: {
      numeric: true,
      width: 9.4,
      sort: sort("probability"),
      tip: `Probability of collision and its method. ≤: the largest for errors of the assumed shape (1:3:1). ${NOT_FROM_COVARIANCES}.`,
    },
  },
  {
    id: "miss",
    name: "Miss distance",
    header: "Miss",
    cell: ({ row }) => distance(row.original.miss_distance_km),
    meta: { numeric: true, width: 4.6, sort: sort("miss_distance"), tip: "Distance at closest approach" },
  },
  {
    id: "radial",
    name: "Radial",
    header: "R (km)",
    cell: ({ row }) => km(row.original.miss_radial_km),
    meta: { numeric: true, width: 4.1, tip: "Position of the secondary from the primary along the primary's radial direction, in km" },
  },
  {
    id: "in_track",
    name: "In-track",
    header: "I (km)",
    cell: ({ row }) => km(row.original.miss_in_track_km),
    meta: { numeric: true, width: 4.1, tip: "The same along its in-track direction, in km" },
  },
  {
    id: "cross_track",
    name: "Cross-track",
    header: "C (km)",
    cell: ({ row }) => km(row.original.miss_cross_track_km),
    meta: { numeric: true, width: 4.1, tip: "The same along its cross-track direction, in km" },
  },
  {
    id: "speed",
    name: "Relative speed",
    header: "Rel. speed",
    cell: ({ row }) => speed(row.original.relative_speed_km_s),
    meta: { numeric: true, width: 5.6, sort: sort("relative_speed"), tip: "Relative speed at closest approach" },
  },
  {
    id: "maximum",
    name: "Maximum probability",
    header: "Maximum",
    hidden: true,
    cell: ({ row }) => probability(row.original.maximum_probability),
    meta: {
      numeric: true,
      width: 6.4,
      sort: sort("maximum_probability"),
      tip: "Largest probability that any size of covariance of the assumed shape gives",
    },
  },
  {
    id: "dilution",
    name: "Dilution",
    header: "Dilution",
    hidden: true,
    cell: ({ row: { original } }) => (
      <Tip says={dilutionInWords(original)}>{original.dilution_km == null ? "none" : sigma(original.dilution_km)}</Tip>
    ),
    meta: {
      numeric: true,
      width: 4.6,
      tip: "Uncertainty (one sigma across, in the encounter plane) at which the probability is largest; a larger one dilutes it",
    },
  },
  {
    id: "data",
    name: "Data",
    header: "Data",
    cell: ({ row: { original } }) => {
      const [one, other] = pair(original.objects);
      return (
        <>
          <Data object={one} tca={original.tca} />
          <span className="text-quiet">, </span>
          <Data object={other} tca={original.tca} />
        </>
      );
    },
    meta: { width: 8.6, sort: sort("data_age"), tip: "Grade of the data of both objects, and its age at closest approach; in the order of the older one" },
  },
  {
    id: "first_seen",
    name: "First found",
    hidden: true,
    header: "First found",
    cell: ({ row }) => <Minute value={row.original.first_seen} />,
    meta: { width: 8.4, sort: sort("first_seen"), tip: "When a run first found it" },
  },
  {
    id: "trend",
    name: "Trend",
    header: "Trend",
    cell: ({ row }) => <Trend row={row.original} />,
    meta: { width: 5.2, tip: "Probability run by run, on a logarithmic scale: the newest 20 solutions" },
  },
  {
    id: "status",
    name: "Status",
    // The filter says it of all of them.
    hidden: true,
    header: "Status",
    cell: ({ row }) => <StatusBadge status={row.original.status} />,
    meta: { width: 6 },
  },
  {
    id: "handling",
    name: "Handling",
    header: "Handling",
    cell: ({ row }) => <Handling handled={row.original.handling} />,
    meta: { width: 6, tip: "Decision, assignee and acknowledgment in your organization" },
  },
];
