import { Ago } from "@/time/time";
import type { Schemas } from "@/api/client";
import type { Column } from "@/table/data-table";
import { Tip } from "@/ui/tip";
import { distance } from "@/units/format";
import { GRADES, nameOf } from "@/units/words";
import { KIND_WORDS } from "@/globe/classes";

export type ObjectRow = Schemas["ObjectRow"];

function number(value: number | null | undefined, digits: number, unit: string): string {
  return value == null ? "–" : `${value.toFixed(digits)}${unit}`;
}

export const COLUMNS: Column<ObjectRow>[] = [
  { id: "number", header: "Number", meta: { numeric: true, tip: "Catalog number" }, cell: ({ row }) => row.original.catalog_number },
  { id: "name", header: "Name", meta: { className: "max-w-64 truncate" }, cell: ({ row }) => nameOf(row.original) },
  { id: "designator", header: "Designator", meta: { tip: "International designator" }, cell: ({ row }) => row.original.international_designator ?? "–" },
  { id: "kind", header: "Kind", cell: ({ row }) => KIND_WORDS[row.original.kind].name },
  { id: "owner", header: "Owner", meta: { tip: "In CelesTrak's code" }, cell: ({ row }) => row.original.owner ?? "–" },
  {
    id: "perigee",
    header: "Perigee",
    meta: { numeric: true, tip: "Mean height of perigee above 6,378.135 km" },
    cell: ({ row }) => (row.original.perigee_km == null ? "–" : distance(row.original.perigee_km)),
  },
  {
    id: "apogee",
    header: "Apogee",
    meta: { numeric: true, tip: "Mean height of apogee above 6,378.135 km" },
    cell: ({ row }) => (row.original.apogee_km == null ? "–" : distance(row.original.apogee_km)),
  },
  { id: "inclination", header: "Inclination", meta: { numeric: true }, cell: ({ row }) => number(row.original.inclination_deg, 2, "°") },
  { id: "period", header: "Period", meta: { numeric: true }, cell: ({ row }) => number(row.original.period_min, 1, " min") },
  {
    id: "size",
    header: "Cross-section",
    meta: { numeric: true, tip: "Radar cross-section" },
    cell: ({ row }) => number(row.original.radar_cross_section_m2, 2, " m²"),
  },
  {
    id: "data",
    header: "Data",
    meta: { tip: "Grade of the current element set, and how old its epoch is" },
    cell: ({ row: { original } }) =>
      original.grade == null || original.epoch == null ? (
        <span className="text-quiet">no element set</span>
      ) : (
        <>
          <Tip says={GRADES[original.grade].means}>{GRADES[original.grade].short}</Tip>, <Ago value={original.epoch} />
        </>
      ),
  },
];
