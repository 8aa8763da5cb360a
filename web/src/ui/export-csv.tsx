"use client";

import { Download } from "lucide-react";

import { Button } from "./button";
import { csv, download } from "./csv";

/** The columns of a file, by their names (with units; times are UTC), each with its value of a row. */
export type CsvColumns<T> = Record<string, (row: T) => string | number | boolean | null | undefined>;

interface ExportCsvProps<T> {
  /** What the rows are: the name of the file, and for screen readers. */
  name: string;
  rows: readonly T[] | undefined;
  columns: CsvColumns<T>;
  /** The service has more rows than have been read. */
  hasMore?: boolean;
}

export function csvOf<T>(rows: readonly T[], columns: CsvColumns<T>): string {
  const values = Object.values(columns);
  return csv(
    Object.keys(columns),
    rows.map((row) => values.map((value) => value(row))),
  );
}

/** Saves the rows of a table. */
export function ExportCsv<T>({ name, rows = [], columns, hasMore = false }: ExportCsvProps<T>) {
  return (
    <Button
      size="small"
      disabled={rows.length === 0}
      aria-label={`Export CSV of ${name}`}
      data-tip={hasMore ? "The rows that have been read; there are more" : undefined}
      onClick={() => download(`${name.replaceAll(" ", "-")}.csv`, csvOf(rows, columns), "text/csv")}
    >
      <Download /> Export CSV
    </Button>
  );
}
