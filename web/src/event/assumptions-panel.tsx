"use client";

import type { Conjunction, Schemas } from "@/api/client";
import { pair } from "@/conjunctions/pair";
import { dilutionInWords, isOfElements, touches } from "@/conjunctions/words";
import { Panel } from "@/ui/panel";
import { GRADES, METHODS, nameOf } from "@/units/words";

/** What stands behind the numbers, and what that means for a decision. */
export function AssumptionsPanel({ conjunction, geometry }: { conjunction: Conjunction; geometry: Schemas["GeometryRow"] | undefined }) {
  const said = assumptionsOf(conjunction, geometry);
  return (
    <Panel title="What this rests on">
      <ul className="list-disc space-y-1 pl-4 text-xs">
        {said.map((one) => (
          <li key={one}>{one}</li>
        ))}
      </ul>
    </Panel>
  );
}

/** What became of covariances that are known and not behind the probability; null where none is known. */
export function unusedInWords({ objects }: Pick<Schemas["GeometryRow"], "objects">): string | null {
  const [known, ...others] = objects.filter((object) => object.covariance_is_known);
  if (known === undefined) return null;
  if (others.length > 0) return "The covariances of both objects are known and not used: no method holds for them, or none was computed from them yet.";
  return `The covariance of ${nameOf(known)} is known and not used: half of a combined covariance gives no probability.`;
}

/** The assumptions of a solution, the weightiest first. */
export function assumptionsOf(conjunction: Conjunction, geometry: Schemas["GeometryRow"] | undefined): string[] {
  const [one, other] = pair(conjunction.objects);
  const said: string[] = [];
  if (conjunction.probability == null) {
    said.push(`${METHODS.maximum.means} It is for awareness: a maneuver needs better data.`);
  } else {
    said.push(`The probability is computed from the covariances of both objects. ${METHODS[conjunction.probability_method].means}`);
  }
  const unused = conjunction.probability == null && geometry !== undefined ? unusedInWords(geometry) : null;
  if (unused !== null) said.push(unused);
  said.push(dilutionInWords(conjunction));
  const grades = one.grade === other.grade ? `Both objects: ${GRADES[one.grade].means}` : `${nameOf(one)}: ${GRADES[one.grade].means} ${nameOf(other)}: ${GRADES[other.grade].means}`;
  said.push(grades);
  if (touches(conjunction, conjunction.objects) && conjunction.dilution_km === 0) {
    const errors = isOfElements(conjunction.objects) ? "errors of element sets are many times larger" : "the errors of their data may be larger";
    said.push(`So small a distance says that they may meet, not that they will: ${errors}.`);
  }
  said.push("Sizes are spheres: the radius of a watch list or of the service's table of sizes where there is one, else 10 m for Starlink satellites and 1 m for anything else.");
  if (conjunction.at_edge) said.push("The distance may be smaller outside what was screened: closest approach lies at its edge.");
  if (conjunction.relation) said.push("The two never part in the screened window: docked, or flying in formation.");
  if (geometry !== undefined) {
    said.push(`Directions are those of the primary's orbit (RTN of CCSDS 508.0-B-1); states are in ${geometry.frame}, times in ${geometry.time_scale}.`);
  }
  return said;
}
