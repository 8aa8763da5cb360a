/** The service's own CSV, page after page, as one file. */

export const ROWS_PER_PAGE = 1_000;
/** A spreadsheet takes no more with ease; who wants all of it takes Parquet. */
const MOST_PAGES = 50;
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

/** What a request for a page of CSV gives. */
export interface CsvPage {
  data?: string;
  error?: unknown;
  response: Response;
}

/** Reads page after page. `told` hears how many rows there are so far. */
export async function readPages(read: (place: { cursor?: string }) => Promise<CsvPage>, told: (rows: number) => void): Promise<Exported> {
  let content = "";
  let rows = 0;
  let cursor: string | null = null;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const { data, error, response }: CsvPage = await read(cursor === null ? {} : { cursor });
    if (data === undefined) throw error;
    content += page === 0 ? data : body(data);
    // No field of the service's CSV has a line's end in it.
    rows += data.split("\r\n").length - 2;
    told(rows);
    cursor = nextCursor(response.headers.get("link"));
    if (cursor === null) return { content, rows, cut: false };
  }
  return { content, rows, cut: true };
}
