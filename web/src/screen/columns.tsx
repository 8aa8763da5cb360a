/** Close approaches that were found, as rows. */
import Link from "next/link";

import type { Schemas } from "@/api/client";
import type { Column } from "@/table/data-table";
import { Countdown, Time } from "@/time/time";
import { Risk } from "@/today/event-rows";
import { Badge } from "@/ui/badge";
import { distance, signed, speed } from "@/units/format";
import { Method } from "@/units/method";
import { GRADES, leading, nameOf } from "@/units/words";

export type Found = Schemas["FoundRow"];

/** The one that was screened, and the one that comes near. */
export function otherOf(row: Found): Schemas["ParticipantRow"] {
  const [, other] = row.objects;
  if (other === undefined) throw new Error("an approach of one object");
  return other;
}

export const ORDERS = ["tca", "probability", "miss_distance"] as const;
export type Order = (typeof ORDERS)[number];

export function inOrder(rows: readonly Found[], order: Order): Found[] {
  const compare: Record<Order, (one: Found, other: Found) => number> = {
    tca: (one, other) => one.tca.localeCompare(other.tca),
    probability: (one, other) => leading(other) - leading(one),
    miss_distance: (one, other) => one.miss_distance_km - other.miss_distance_km,
  };
  return rows.toSorted(compare[order]);
}

const component = (id: string, header: string, tip: string, of: (row: Found) => number): Column<Found> => ({
  id,
  header,
  meta: { numeric: true, tip },
  cell: ({ row }) => signed(of(row.original)),
});

export const COLUMNS: Column<Found>[] = [
  { id: "tca", header: "TCA", meta: { sort: { by: "tca", direction: "ascending" } }, cell: ({ row }) => <Time value={row.original.tca} /> },
  { id: "to", header: "To TCA", cell: ({ row }) => <Countdown to={row.original.tca} /> },
  {
    id: "object",
    header: "Comes near",
    cell: ({ row }) => {
      const other = otherOf(row.original);
      return (
        <Link href={`/object?number=${other.catalog_number}`} className="font-medium hover:underline">
          {nameOf(other)} <span className="font-normal text-quiet tabular-nums">{other.catalog_number}</span>
        </Link>
      );
    },
  },
  {
    id: "miss",
    header: "Miss",
    meta: { numeric: true, sort: { by: "miss_distance", direction: "ascending" }, tip: "Miss distance" },
    cell: ({ row }) => distance(row.original.miss_distance_km),
  },
  {
    id: "probability",
    header: "Probability",
    meta: {
      sort: { by: "probability", direction: "descending" },
      tip: "Probability of collision; with ≤, the largest for errors of the assumed shape (1:3:1)",
    },
    cell: ({ row }) => <Risk row={row.original} />,
  },
  component("radial", "R (km)", "Radial part of the miss, in km", (row) => row.miss_radial_km),
  component("in-track", "I (km)", "In-track part of the miss, in km", (row) => row.miss_in_track_km),
  component("cross-track", "C (km)", "Cross-track part of the miss, in km", (row) => row.miss_cross_track_km),
  { id: "speed", header: "Speed", meta: { numeric: true, tip: "Relative speed" }, cell: ({ row }) => speed(row.original.relative_speed_km_s) },
  {
    id: "method",
    header: "Method",
    cell: ({ row }) => <Method method={row.original.probability_method} />,
  },
  {
    id: "grade",
    header: "Data",
    meta: { tip: "Data of the object that comes near" },
    cell: ({ row }) => {
      const { short, means } = GRADES[otherOf(row.original).grade];
      return <Badge tip={means}>{short}</Badge>;
    },
  },
  {
    id: "notes",
    header: "Notes",
    cell: ({ row: { original } }) => (
      <span className="inline-flex gap-1">
        {original.relation && <Badge tip="The two never part in the window: docked, or in formation">together</Badge>}
        {original.at_edge && (
          <Badge tone="elevated" tip="The distance may be smaller outside what was screened">
            at the edge
          </Badge>
        )}
      </span>
    ),
  },
];

const HEADER = [
  "tca_utc",
  "catalog_number",
  "name",
  "miss_distance_km",
  "miss_radial_km",
  "miss_in_track_km",
  "miss_cross_track_km",
  "relative_speed_km_s",
  "probability",
  "maximum_probability",
  "probability_method",
  "dilution_km",
  "grade",
  "epoch_utc",
  "hard_body_radius_m",
  "relation",
  "at_edge",
] as const;

/** What was found, as a table for a file. */
export function tableOf(rows: readonly Found[]) {
  return {
    header: HEADER,
    rows: rows.map((row) => {
      const other = otherOf(row);
      return [
        row.tca,
        other.catalog_number,
        other.name,
        row.miss_distance_km,
        row.miss_radial_km,
        row.miss_in_track_km,
        row.miss_cross_track_km,
        row.relative_speed_km_s,
        row.probability,
        row.maximum_probability,
        row.probability_method,
        row.dilution_km,
        other.grade,
        other.epoch,
        other.hard_body_radius_m,
        row.relation,
        row.at_edge,
      ];
    }),
  };
}
