/** Times as a browser's field of one has them, which knows no zone: it is the one that times are shown in. */
import type { Zone } from "./clock";

/** A time as a field of a form has it, in a zone: `2026-11-29T17:04`. */
export function fieldOf(ms: number, zone: Zone): string {
  const offset = zone === "utc" ? 0 : new Date(ms).getTimezoneOffset() * 60_000;
  return new Date(ms - offset).toISOString().slice(0, 16);
}

/** The time of such a field; NaN where it is none. */
export function msOf(field: string, zone: Zone): number {
  return Date.parse(zone === "utc" ? `${field}Z` : field);
}

/** What a label says of the zone. */
export function zoneInWords(zone: Zone): string {
  return zone === "utc" ? "UTC" : "time of this place";
}
