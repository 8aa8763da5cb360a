import type { ReactNode } from "react";

import type { Conjunction, Schemas } from "@/api/client";
import { dilutionInWords, sigma } from "@/conjunctions/words";
import { RiskBadge } from "@/ui/badge";
import { Explained } from "@/ui/tip";
import { probability, signed, speed } from "@/units/format";
import { leading, METHODS } from "@/units/words";

type Geometry = Schemas["GeometryRow"];

/**
 * The numbers of the decision, in one line. The miss in sigma is not one of them: most covariances are assumed, and the
 * probability lays the miss along the major axis, so that the two would contradict each other.
 */
export function FactsStrip({ conjunction, geometry }: { conjunction: Conjunction; geometry: Geometry | undefined }) {
  const { probability: known, probability_method: method, dilution_km: dilution } = conjunction;
  const angle = geometry?.approach_angle_deg;
  return (
    <dl className="flex flex-wrap gap-x-6 gap-y-1 rounded-lg border border-line bg-panel px-3 py-2 tabular-nums">
      <Item name={known == null ? "Maximum probability" : "Probability"}>
        <RiskBadge value={leading(conjunction)} maximum={known == null} />
      </Item>
      <Item name="Method" tip={METHODS[method].means}>
        {METHODS[method].short}
      </Item>
      {known != null && (
        <Item name="Maximum" tip="Largest probability that any size of covariance of the assumed shape gives">
          {probability(conjunction.maximum_probability)}
        </Item>
      )}
      <Item name="Miss distance">{sigma(conjunction.miss_distance_km)}</Item>
      <Item name="Radial (km)">{signed(conjunction.miss_radial_km)}</Item>
      <Item name="In-track (km)">{signed(conjunction.miss_in_track_km)}</Item>
      <Item name="Cross-track (km)">{signed(conjunction.miss_cross_track_km)}</Item>
      <Item name="Relative speed">{speed(conjunction.relative_speed_km_s)}</Item>
      {angle != null && (
        <Item name="Approach angle" tip="Angle between the two velocities">
          {angle.toFixed(1)}°
        </Item>
      )}
      <Item name="Dilution" tip={dilutionInWords(conjunction)}>
        {dilution == null ? "none" : sigma(dilution)}
      </Item>
    </dl>
  );
}

function Item({ name, tip, children }: { name: string; tip?: string; children: ReactNode }) {
  return (
    <div>
      <dt className="text-xs text-quiet">
        <Explained says={tip}>{name}</Explained>
      </dt>
      <dd className="font-medium">{children}</dd>
    </div>
  );
}
