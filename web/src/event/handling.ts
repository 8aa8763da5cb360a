/** What the notes about a conjunction come to: they are a log, of which the newest of each kind counts. */
import type { Schemas } from "@/api/client";

export type Note = Schemas["NoteRow"];

export interface Handling {
  acknowledged: Note | undefined;
  /** Undefined also where it was taken off somebody. */
  assigned: Note | undefined;
  decided: Note | undefined;
}

/** Of notes with the oldest first. */
export function handlingOf(notes: readonly Note[]): Handling {
  const newest = (kind: Note["kind"]) => notes.findLast((note) => note.kind === kind);
  const assigned = newest("assigned");
  return { acknowledged: newest("acknowledged"), assigned: assigned?.assignee == null ? undefined : assigned, decided: newest("decided") };
}
