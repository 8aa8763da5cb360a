"use client";

/** The objects of a list that is edited, each with what its operator knows better. */
import { Trash2 } from "lucide-react";
import { useEffect, useMemo, useRef, type Dispatch } from "react";

import { DataTable, type Column } from "@/table/data-table";
import { Button } from "@/ui/button";
import { Input, Select } from "@/ui/field";
import { Empty } from "@/ui/state";
import { count } from "@/units/format";
import { MANEUVERABLE, NUMBER_FIELDS, type Action, type DraftObject, type Maneuverable, type NumberField, type Problems } from "./draft";
import { ObjectName } from "./object-name";

interface EditedRow extends DraftObject {
  problems: Partial<Record<NumberField, string>>;
}

interface EditedObjectsProps {
  objects: DraftObject[];
  problems: Problems;
  dispatch: Dispatch<Action>;
}

const HEADINGS: Record<NumberField, { short: string; tip: string; placeholder: string }> = {
  hard_body_radius_m: {
    short: "Radius (m)",
    tip: "Hard-body radius in m, where you know better than the catalog: 0.001 to 1,000",
    placeholder: "catalog's",
  },
  min_probability: { short: "Probability ≥", tip: "Warn from this probability on, in place of the rule's: 0 to 1", placeholder: "rule's" },
  max_miss_distance_km: { short: "Miss ≤ (km)", tip: "Warn up to this miss distance in km, in place of the rule's: 0 to 1,000", placeholder: "rule's" },
};

export function EditedObjects({ objects, problems, dispatch }: EditedObjectsProps) {
  const columns = useMemo(() => columnsOf(dispatch), [dispatch]);
  const rows = useMemo(
    () =>
      objects.map((object, index): EditedRow => {
        const found = NUMBER_FIELDS.flatMap((field) => {
          const said = problems.get(`objects[${index}].${field}`);
          return said === undefined ? [] : [[field, said]];
        });
        return { ...object, problems: Object.fromEntries(found) };
      }),
    [objects, problems],
  );
  const wrong = rows.flatMap((row) => Object.values(row.problems).map((said) => `${row.name ?? `Object ${row.catalog_number}`}: ${said}`));

  // The first that is wrong comes in sight.
  const place = useRef<HTMLDivElement>(null);
  const isWrong = wrong.length > 0;
  useEffect(() => {
    if (isWrong) place.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [isWrong]);

  if (objects.length === 0) {
    return <Empty title="No satellite on this list yet">Add them by name or by catalog number. A list may also be made empty.</Empty>;
  }
  return (
    <div ref={place} className="flex flex-col gap-1">
      <p className="text-xs text-quiet">{count(objects.length)} on this list. What is left empty is the catalog&apos;s or the rule&apos;s own.</p>
      <DataTable label="Satellites on this list" columns={columns} rows={rows} rowId={(row) => String(row.catalog_number)} rowHeight={38} className="h-[32vh]" />
      {wrong.length > 0 && (
        <ul role="alert" className="text-xs text-high">
          {wrong.slice(0, 5).map((said) => (
            <li key={said}>{said}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

function columnsOf(dispatch: Dispatch<Action>): Column<EditedRow>[] {
  const called = (row: EditedRow) => row.name ?? `object ${row.catalog_number}`;
  return [
    { id: "number", header: "Number", meta: { numeric: true }, cell: ({ row }) => row.original.catalog_number },
    { id: "name", header: "Name", cell: ({ row }) => <ObjectName number={row.original.catalog_number} known={row.original.name} /> },
    {
      id: "maneuverable",
      header: "Maneuverable",
      meta: { tip: "Whether it can maneuver; a CDM says N/A where that is not stated" },
      cell: ({ row: { original } }) => (
        <Select
          aria-label={`Maneuverable, ${called(original)}`}
          className="h-7 w-36"
          value={original.maneuverable}
          onChange={(event) => dispatch({ kind: "maneuverable", catalog_number: original.catalog_number, value: maneuverableFrom(event.target.value) })}
        >
          {Object.entries(MANEUVERABLE).map(([value, words]) => (
            <option key={value} value={value}>
              {words}
            </option>
          ))}
        </Select>
      ),
    },
    ...NUMBER_FIELDS.map(
      (field): Column<EditedRow> => ({
        id: field,
        header: HEADINGS[field].short,
        meta: { tip: HEADINGS[field].tip },
        cell: ({ row: { original } }) => (
          <Input
            aria-label={`${HEADINGS[field].short}, ${called(original)}`}
            aria-invalid={original.problems[field] !== undefined}
            data-tip={original.problems[field] ?? HEADINGS[field].tip}
            inputMode="decimal"
            placeholder={HEADINGS[field].placeholder}
            className="h-7 w-24"
            value={original[field]}
            onChange={(event) => dispatch({ kind: "set", catalog_number: original.catalog_number, field, text: event.target.value })}
          />
        ),
      }),
    ),
    {
      id: "remove",
      header: () => <span className="sr-only">Remove</span>,
      cell: ({ row: { original } }) => (
        <Button
          kind="ghost"
          size="icon"
          className="size-7"
          aria-label={`Take ${called(original)} off the list`}
          onClick={() => dispatch({ kind: "remove", catalog_number: original.catalog_number })}
        >
          <Trash2 />
        </Button>
      ),
    },
  ];
}

function maneuverableFrom(text: string): Maneuverable {
  return text === "yes" || text === "no" ? text : "";
}
