/** Conjunctions as files: the service's own CSV, or its table in Parquet. */
import { http } from "@/api/client";
import { readPages, ROWS_PER_PAGE, type Exported } from "@/api/csv-pages";
import type { ListQuery } from "./filters";

export function readCsv(query: ListQuery, told: (rows: number) => void, signal: AbortSignal): Promise<Exported> {
  return readPages(
    (place) =>
      http.GET("/api/v1/conjunctions", {
        params: { query: { ...query, ...place, format: "csv", limit: ROWS_PER_PAGE } },
        headers: { accept: "text/csv" },
        parseAs: "text",
        signal,
      }),
    told,
  );
}

/** Reads all rows as a table in Parquet. */
export async function readParquet(query: ListQuery, signal: AbortSignal): Promise<Blob> {
  const { data, error } = await http.GET("/api/v1/conjunctions", {
    params: { query: { ...query, format: "parquet" } },
    headers: { accept: "application/vnd.apache.parquet" },
    parseAs: "blob",
    signal,
  });
  if (error !== undefined) throw error;
  return data;
}
