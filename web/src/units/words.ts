/** What the interface's names mean, in words. */
import type { Conjunction, Schemas } from "@/api/client";

type Grade = Schemas["ParticipantRow"]["grade"];
type Method = Conjunction["probability_method"];

/** Data grades, the worst first. */
export const GRADES: Record<Grade, { short: string; means: string }> = {
  gp: {
    short: "GP",
    means:
      "General perturbations element set: fitted by the catalog's keeper, without covariance. Errors of some km after a few days are common in low orbit.",
  },
  supplemental_gp: {
    short: "Sup-GP",
    means: "Element set fitted to the operator's own ephemeris: better than GP while the plan is flown, without covariance.",
  },
  ephemeris: {
    short: "Ephemeris",
    means: "The operator's own ephemeris, with planned maneuvers; with covariance where the operator gives one.",
  },
  cdm: { short: "CDM", means: "State and covariance from a conjunction data message of a screening service." },
};

/** Why a probability is a maximum. */
export const NOT_FROM_COVARIANCES = "No covariance is known, or that of one object alone, or those of both are not used";

/** How a probability was computed. */
export const METHODS: Record<Method, { short: string; means: string }> = {
  maximum: {
    short: "max",
    means:
      `${NOT_FROM_COVARIANCES}. This is the largest probability that errors of the assumed shape (1:3:1) could give, whatever their size: no estimate; a more elongated one can give more.`,
  },
  two_dimensional: {
    short: "2D",
    means: "Integral over the hard-body circle in the encounter plane (Foster and Estes, 1992): straight relative motion, Gaussian errors.",
  },
  two_dimensional_nc: {
    short: "2D-Nc",
    means:
      "Expected number of collisions of one isolated encounter, with curved motion and uncertain velocities (Hall, Baars and Casali, 2023): holds for slower encounters than 2D.",
  },
  three_dimensional_nc: {
    short: "3D-Nc",
    means: "Expected number of collisions, the rate of which is integrated over time (Hall, 2021): holds for encounters of any duration.",
  },
  monte_carlo: { short: "MC", means: "Monte Carlo: sampled trajectories, counted." },
};

/** Probability to go by: that with covariances, else the largest. */
export function leading(solution: Pick<Conjunction, "probability" | "maximum_probability">): number {
  return solution.probability ?? solution.maximum_probability;
}

/** How an object is called. */
export function nameOf(object: { name?: string | null; catalog_number: number }): string {
  return object.name?.trim() ? object.name : `Object ${object.catalog_number}`;
}

/** Bands of risk, after the thresholds that operators use (NASA CARA: red above 1e-4, yellow above 1e-7). */
export type Risk = "high" | "elevated" | "low";

export function riskOf(probability: number): Risk {
  if (probability >= 1e-4) return "high";
  return probability >= 1e-7 ? "elevated" : "low";
}
