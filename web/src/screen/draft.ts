/** What is to be screened, as it is typed. */
import type { Zone } from "@/time/clock";
import { msOf } from "@/time/field";
import { readNumber } from "@/ui/number";
import type { ScreeningBody } from "./run";

export const RANGES = {
  window_days: { least: 0.001, most: 14, unit: "d" },
  threshold_km: { least: 0.001, most: 100, unit: "km" },
} as const;

export interface Draft {
  of: "object" | "message";
  object: { catalog_number: number; name?: string | null } | null;
  message: string;
  /** Name of the file that the message came from. */
  fileName: string;
  /** As a field has it, in the zone that is shown; empty: now. */
  start: string;
  window_days: string;
  threshold_km: string;
}

export const BEFORE: Draft = { of: "object", object: null, message: "", fileName: "", start: "", window_days: "7", threshold_km: "10" };

/** What is to be sent, or what is wrong, by the service's names of the fields. */
export function bodyOf(draft: Draft, zone: Zone): { body: ScreeningBody; problems?: never } | { body?: never; problems: ReadonlyMap<string, string> } {
  const problems = new Map<string, string>();
  const number = (field: keyof typeof RANGES): number => {
    const { least, most, unit } = RANGES[field];
    const read = readNumber(draft[field], RANGES[field]);
    if (typeof read.value === "number") return read.value;
    problems.set(field, read.error ?? `${least} to ${most} ${unit} is due`);
    return least;
  };
  const body: ScreeningBody = { window_days: number("window_days"), threshold_km: number("threshold_km") };
  if (draft.of === "message") {
    if (draft.message.trim() === "") problems.set("message", "A message is due: paste it, or drop a file");
    body.message = draft.message;
  } else if (draft.object === null) {
    problems.set("catalog_number", "An object is due");
  }
  // Of a message it says which object of the catalog it is.
  if (draft.object !== null) body.catalog_number = draft.object.catalog_number;
  if (draft.start !== "") {
    const ms = msOf(draft.start, zone);
    if (Number.isNaN(ms)) problems.set("start", "A date and a time are due");
    else body.start = new Date(ms).toISOString();
  }
  return problems.size > 0 ? { problems } : { body };
}
