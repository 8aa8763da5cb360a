/** Conjunctions as files: the service's own CSV page after page, or its table in Parquet. */
import { http } from "@/api/client";
import type { ListQuery } from "./filters";

const ROWS_PER_PAGE = 1_000;
/** A spreadsheet takes no more with ease; who wants all of it takes Parquet. */
export const MOST_PAGES = 50;
export const MOST_ROWS = MOST_PAGES * ROWS_PER_PAGE;

/** The cursor of the next page, from the header `Link` (RFC 8288); null at the end. */
export function nextCursor(link: string | null): string | null {
  const target = link === null ? undefined : /<([^>]*)>\s*;[^,]*\brel="?next"?/.exec(link)?.[1];
  return target === undefined ? null : new URL(target, "http://relative.invalid").searchParams.get("cursor");
}

/** The lines of a CSV after its header line. */
function body(text: string): string {
  const end = text.indexOf("\r\n");
  return end < 0 ? "" : text.slice(end + 2);
}

export interface Exported {
  content: string;
  rows: number;
  /** Whether rows were left out, as there were too many. */
  cut: boolean;
}

/** Reads CSV page after page. `told` hears how many rows there are so far. */
export async function readCsv(query: ListQuery, told: (rows: number) => void, signal: AbortSignal): Promise<Exported> {
  let content = "";
  let rows = 0;
  let cursor: string | null = null;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const place = cursor === null ? {} : { cursor };
    const { data, error, response } = await http.GET("/api/v1/conjunctions", {
      params: { query: { ...query, ...place, format: "csv", limit: ROWS_PER_PAGE } },
      headers: { accept: "text/csv" },
      parseAs: "text",
      signal,
    });
    if (error !== undefined) throw error;
    content += page === 0 ? data : body(data);
    // No field of the service's CSV has a line's end in it.
    rows += data.split("\r\n").length - 2;
    told(rows);
    cursor = nextCursor(response.headers.get("link"));
    if (cursor === null) return { content, rows, cut: false };
  }
  return { content, rows, cut: true };
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
