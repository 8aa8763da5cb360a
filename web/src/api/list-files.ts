/** A list of the service as files: its own CSV, or its table in Parquet. */
import { readPages, ROWS_PER_PAGE, type Exported } from "./csv-pages";

interface Options {
  headers: { accept: string };
  parseAs: "blob";
  signal: AbortSignal;
}

/** Asks for a list with its own filters and what is added to them. */
type Ask = (added: { format: "csv" | "parquet"; limit?: number; cursor?: string }, options: Options) => Promise<{ data?: Blob; error?: unknown; response: Response }>;

export interface ListFiles {
  /** The first rows. `told` hears how many there are so far. */
  readCsv: (told: (rows: number) => void, signal: AbortSignal) => Promise<Exported>;
  /** All rows. */
  readParquet: (signal: AbortSignal) => Promise<Blob>;
}

export function filesOf(ask: Ask): ListFiles {
  const optionsFor = (accept: string, signal: AbortSignal): Options => ({ headers: { accept }, parseAs: "blob", signal });
  return {
    readCsv: (told, signal) =>
      readPages(async (place) => {
        const { data, ...rest } = await ask({ ...place, format: "csv", limit: ROWS_PER_PAGE }, optionsFor("text/csv", signal));
        return data === undefined ? rest : { ...rest, data: await data.text() };
      }, told),
    readParquet: async (signal) => {
      const { data, error } = await ask({ format: "parquet" }, optionsFor("application/vnd.apache.parquet", signal));
      if (data === undefined) throw error;
      return data;
    },
  };
}
