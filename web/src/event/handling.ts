/** What the notes about a conjunction come to: they are a log, of which the newest of each kind counts. */
import type { Conjunction, Schemas } from "@/api/client";
import { leading } from "@/units/words";

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

type Solution = Pick<Conjunction, "probability" | "maximum_probability" | "miss_distance_km">;

/** The newest solution of a time, of a history with the oldest first; undefined where none is kept from before it. */
export function solutionAt<T extends { at: string }>(history: readonly T[], time: string): T | undefined {
  return history.findLast(({ at }) => Date.parse(at) <= Date.parse(time));
}

/** Each run differs by some noise from the one before: what changes a decision is a probability so many times another, */
const OTHER_PROBABILITY = 10;
/** or a miss distance that is another by such a part. */
const OTHER_MISS = 0.2;
/** Below this, nothing is told apart. */
const LEAST_TOLD = 1e-12;

/** Whether a solution is so much likelier than one of before that whoever acknowledged that one has to look again. */
export function isLikelier(now: Solution, before: Solution): boolean {
  return Math.max(leading(now), LEAST_TOLD) >= OTHER_PROBABILITY * Math.max(leading(before), LEAST_TOLD);
}

/** Whether a solution is another one than that of before, not the same with some noise. */
export function isOther(now: Solution, before: Solution): boolean {
  const missed = Math.abs(now.miss_distance_km - before.miss_distance_km);
  return isLikelier(now, before) || isLikelier(before, now) || missed > OTHER_MISS * before.miss_distance_km;
}
