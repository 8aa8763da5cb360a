"use client";

/** What a screening found. */
import { Download } from "lucide-react";
import Link from "next/link";
import { useMemo, useState } from "react";

import { DataTable } from "@/table/data-table";
import { span } from "@/time/format";
import { Time } from "@/time/time";
import { Button } from "@/ui/button";
import { csv, download } from "@/ui/csv";
import { Empty } from "@/ui/state";
import { count } from "@/units/format";
import { nameOf } from "@/units/words";
import { COLUMNS, inOrder, ORDERS, tableOf, type Order } from "./columns";
import type { Screening } from "./run";

export function Result({ result, tookMs, thresholdKm }: { result: Screening; tookMs: number; thresholdKm: number }) {
  const [order, setOrder] = useState<Order>("tca");
  const rows = useMemo(() => inOrder(result.conjunctions, order), [result, order]);
  const subject = result.conjunctions[0]?.objects[0];
  const save = () => {
    const { header, rows: lines } = tableOf(rows);
    download(`screening-${subject?.catalog_number ?? "object"}-${result.start.slice(0, 10)}.csv`, csv(header, lines), "text/csv");
  };
  return (
    <div className="flex min-h-0 flex-1 flex-col gap-2">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <p role="status" className="flex-1">
          <b>
            {count(rows.length)} {rows.length === 1 ? "approach" : "approaches"}
          </b>
          {subject !== undefined && ` of ${nameOf(subject)}`} within {thresholdKm} km, against {count(result.objects)} objects, <Time value={result.start} /> to{" "}
          <Time value={result.stop} />. <span className="text-quiet">Took {tookMs < 1_000 ? "less than a second" : span(tookMs / 1_000)}. Nothing of it is kept.</span>
        </p>
        <Button size="small" onClick={save} disabled={rows.length === 0}>
          <Download />
          CSV
        </Button>
      </div>
      {result.earth_orientation != null && (
        <p className="text-quiet">
          {result.earth_orientation.kind === "none"
            ? "The ephemeris is fixed to the Earth and no Earth orientation is known for its time: off by up to 50 m in low orbit while UT1−UTC is below 0.1 s."
            : `The ephemeris is fixed to the Earth: turned with ${result.earth_orientation.kind} Earth orientation.`}
        </p>
      )}
      {rows.length === 0 ? (
        <Empty title="Nothing comes that near">A larger distance or a longer window may find more.</Empty>
      ) : (
        <DataTable
          label="Close approaches"
          columns={COLUMNS}
          rows={rows}
          rowId={(row) => `${row.objects[1]?.catalog_number}-${row.tca}`}
          total={rows.length}
          sort={order}
          onSort={(by) => setOrder(ORDERS.find((one) => one === by) ?? "tca")}
          className="flex-1"
        />
      )}
      <NotScreened result={result} />
    </div>
  );
}

/** So many are listed. */
const SHOWN = 200;

function NotScreened({ result: { not_screened: rows } }: { result: Screening }) {
  if (rows.length === 0) return <p className="text-xs text-quiet">Every object was screened to the end of the window.</p>;
  return (
    <details className="rounded-lg border border-line bg-panel px-3 py-1.5">
      <summary className="text-elevated">
        {count(rows.length)} {rows.length === 1 ? "object" : "objects"} could not be screened, or not to the end
      </summary>
      <ul className="mt-1 max-h-40 overflow-auto" tabIndex={0} aria-label="Objects that were not screened">
        {rows.slice(0, SHOWN).map((row) => (
          <li key={row.catalog_number} className="flex gap-3">
            <Link href={`/object?number=${row.catalog_number}`} className="w-20 text-right text-accent tabular-nums hover:underline">
              {row.catalog_number}
            </Link>
            <span>
              {row.reason}
              {row.from != null && (
                <>
                  , from <Time value={row.from} />
                </>
              )}
            </span>
          </li>
        ))}
      </ul>
      {rows.length > SHOWN && <p className="text-xs text-quiet">{count(rows.length - SHOWN)} more.</p>}
    </details>
  );
}
