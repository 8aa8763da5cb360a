/** What became of the records of a file. */
import type { Schemas } from "@/api/client";
import { count } from "@/units/format";

/** In words: `3 records are in use`. A state (OPM) is kept, and no screening takes it. */
export function usedInWords({ kind, records }: Pick<Schemas["UploadRow"], "kind" | "records">): string {
  return `${count(records)} ${records === 1 ? "record is" : "records are"} ${kind === "OPM" ? "kept" : "in use"}`;
}
