/** What a row says, in words. */
import type { Schemas } from "@/api/client";
import { distance, probability } from "@/units/format";
import { NOT_FROM_COVARIANCES } from "@/units/words";
import type { Status } from "./filters";

type Solution = Schemas["SolutionRow"];
type Grade = Schemas["ParticipantRow"]["grade"];

export const STATUS_WORDS: Record<Status, { short: string; means: string }> = {
  active: { short: "Active", means: "Found by the newest screening, and still to come." },
  cleared: { short: "Cleared", means: "No longer found by the newest screening that looked." },
  past: { short: "Past", means: "Its time of closest approach is over." },
  superseded: { short: "Superseded", means: "Public, of an object of yours that you have better data of: your own screening decides." },
};

export type Decision = NonNullable<Schemas["HandledRow"]["decision"]>;

export const DECISION_WORDS: Record<Decision, string> = { no_action: "No action", monitor: "Monitor", maneuver: "Maneuver" };

const S_PER_DAY = 86_400;

/** Age of the data at closest approach, in days; null where its epoch is not known. */
export function ageDays(epoch: string | null | undefined, tca: string): number | null {
  return epoch == null ? null : (Date.parse(tca) - Date.parse(epoch)) / 1_000 / S_PER_DAY;
}

/** A small length as it is: `7.0 m`, `410 m`, `1.42 km`. */
export function sigma(km: number): string {
  const m = km * 1_000;
  return m > 0 && m < 10 ? `${m.toFixed(1)} m` : distance(km);
}

/** Whether the two are nearer than their hard bodies are large. */
export function touches(solution: Pick<Solution, "miss_distance_km">, objects: readonly { hard_body_radius_m: number }[]): boolean {
  return solution.miss_distance_km * 1_000 <= objects.reduce((sum, { hard_body_radius_m: radius }) => sum + radius, 0);
}

/**
 * What the dilution says of a solution. It is the minor sigma of both together, in the encounter plane, at which the
 * probability is largest (S. Alfano, JAS 53(2), 2005). A larger uncertainty dilutes the probability: it is small because
 * little is known, and better data may raise it. A smaller one does not: at the same miss, better data lowers it.
 */
export function dilutionInWords(solution: Solution & { objects: readonly { grade: Grade }[] }): string {
  const { dilution_km: dilution, maximum_probability: maximum, probability: known } = solution;
  if (dilution == null) return "The two do not move against each other: there is no encounter plane, and no scale at which the probability is largest.";
  if (dilution === 0) return "The distance is below the sum of the hard-body radii: the smaller the uncertainty, the larger the probability, up to 1.";
  const size = sigma(dilution);
  const scale = `The probability is largest, ${probability(maximum)}, at an uncertainty of ${size} (one sigma across, both objects together, in the encounter plane).`;
  const sides = `If it is larger, the probability is diluted: it is small because little is known, and better data may raise it. If it is smaller, the data is good enough for the number to be taken as it is; better data then lowers it unless the miss shrinks.`;
  if (known == null) {
    return `${scale} ${sides} ${NOT_FROM_COVARIANCES}: nobody can tell which${isOfElements(solution.objects) ? "; errors of element sets are from some hundred meters to some kilometers after days" : ""}.`;
  }
  const part = maximum > 0 ? known / maximum : 1;
  return `${scale} ${sides} With the covariances that are known it is ${probability(known)}, ${part >= 0.995 ? "about the maximum" : `${share(part)} of the maximum`}.`;
}

/** Whether an element set is among the data of the two. */
export function isOfElements(objects: readonly { grade: Grade }[]): boolean {
  return objects.some(({ grade }) => grade === "gp" || grade === "supplemental_gp");
}

function share(part: number): string {
  return part >= 0.01 ? `${Math.round(part * 100)} %` : probability(part);
}
