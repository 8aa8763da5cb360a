"use client";

/** Who comes close to an object. */
import type { Route } from "next";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { useMemo } from "react";

import { api, type Conjunction } from "@/api/client";
import { EventLink } from "@/conjunctions/columns";
import { DataTable, type Column } from "@/table/data-table";
import { Countdown, Time } from "@/time/time";
import { RiskBadge } from "@/ui/badge";
import { ExportCsv, type CsvColumns } from "@/ui/export-csv";
import { Panel } from "@/ui/panel";
import { Empty, View } from "@/ui/state";
import { count, distance, speed } from "@/units/format";
import { Method } from "@/units/method";
import { leading, nameOf } from "@/units/words";

const ROWS = 200;

const CSV: CsvColumns<Conjunction> = {
  id: ({ id }) => id,
  tca_utc: ({ tca }) => tca,
  first: ({ objects }) => objects[0]?.catalog_number,
  second: ({ objects }) => objects[1]?.catalog_number,
  miss_distance_km: ({ miss_distance_km }) => miss_distance_km,
  relative_speed_km_s: ({ relative_speed_km_s }) => relative_speed_km_s,
  probability: ({ probability }) => probability,
  maximum_probability: ({ maximum_probability }) => maximum_probability,
  method: ({ probability_method }) => probability_method,
};

function columnsFor(number: number): Column<Conjunction>[] {
  return [
    {
      id: "tca",
      header: "TCA",
      cell: ({ row }) => (
        <EventLink id={row.original.id}>
          <Time value={row.original.tca} />
        </EventLink>
      ),
    },
    { id: "countdown", header: "In", cell: ({ row }) => <Countdown to={row.original.tca} /> },
    {
      id: "other",
      header: "With",
      cell: ({ row }) => {
        const other = row.original.objects.find((one) => one.catalog_number !== number);
        return other === undefined ? (
          "unknown"
        ) : (
          <Link href={`/object?number=${other.catalog_number}` as Route} className="hover:underline">
            {nameOf(other)}
          </Link>
        );
      },
    },
    { id: "miss", header: "Miss distance", meta: { numeric: true }, cell: ({ row }) => distance(row.original.miss_distance_km) },
    { id: "speed", header: "Relative speed", meta: { numeric: true }, cell: ({ row }) => speed(row.original.relative_speed_km_s) },
    {
      id: "probability",
      header: "Probability",
      cell: ({ row }) => <RiskBadge value={leading(row.original)} maximum={row.original.probability == null} />,
    },
    {
      id: "method",
      header: "Method",
      cell: ({ row }) => <Method method={row.original.probability_method} />,
    },
  ];
}

export function ObjectConjunctions({ number }: { number: number }) {
  const router = useRouter();
  const conjunctions = api.useQuery("get", "/api/v1/conjunctions", {
    params: { query: { object: number, status: "active", sort: "tca", relation: false, limit: ROWS } },
  });
  const columns = useMemo(() => columnsFor(number), [number]);
  const more = conjunctions.data?.next_cursor != null;
  const size = conjunctions.data?.items.length ?? 0;
  return (
    <Panel
      title="Conjunctions"
      note={size > 0 ? `${more ? "the next " : ""}${count(size)} active` : undefined}
      actions={
        <>
          <ExportCsv name={`conjunctions of ${number}`} rows={conjunctions.data?.items} columns={CSV} hasMore={more} />
          <Link href={`/conjunctions?object=${number}` as Route} className="text-accent hover:underline">
            All of them
          </Link>
        </>
      }
    >
      <View
        query={conjunctions}
        what="conjunctions"
        isEmpty={({ items }) => items.length === 0}
        empty={<Empty title="No active conjunction">Nothing is found to come close to it in what was screened.</Empty>}
      >
        {({ items }) => (
          <DataTable
            label="Conjunctions of this object"
            className="max-h-72"
            columns={columns}
            rows={items}
            rowId={({ id }) => id}
            onOpen={({ id }) => router.push(`/event?id=${id}` as Route)}
          />
        )}
      </View>
    </Panel>
  );
}
