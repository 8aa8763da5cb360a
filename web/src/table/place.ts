/** Where somebody was in a table when they left it: in this tab, so that going back leads there. */
import { z } from "zod/mini";

const Place = z.object({
  /** The filters of the table, as the address has them. */
  search: z.string(),
  /** The row that was active. */
  active: z.nullable(z.string()),
  /** How far it was scrolled, in pixels. */
  offset: z.number(),
});
export type Place = z.infer<typeof Place>;

const nameOf = (table: string) => `astroshield.place.${table}`;

/** Keeps a place; where the browser keeps nothing, the table begins at its top. */
export function leave(table: string, place: Place): void {
  try {
    sessionStorage.setItem(nameOf(table), JSON.stringify(place));
  } catch {
    // Private windows, full disks.
  }
}

/** The place where a table was left; null where that is not known. */
export function placeLeft(table: string): Place | null {
  try {
    const parsed = Place.safeParse(JSON.parse(sessionStorage.getItem(nameOf(table)) ?? "null"));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
