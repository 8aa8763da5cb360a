"use client";

import type { Schemas } from "@/api/client";
import { pair } from "@/conjunctions/pair";
import { sigma } from "@/conjunctions/words";
import { Panel } from "@/ui/panel";
import { Empty } from "@/ui/state";
import { nameOf } from "@/units/words";
import { planeOf } from "./plane";
import { PlanePlot } from "./plane-plot";

type Geometry = Schemas["GeometryRow"];
type Basis = Schemas["CovarianceBasis"];

/** What the ellipses are, in words. */
const BASIS: Record<Basis, string> = {
  assumed:
    "Ellipses: assumed, not measured. One part radial, three along the velocity, one across, for each object, at the scale at which the probability is largest; no estimate of an error. The maximum probability takes the miss along the long axis of this ellipse, the worst case; the picture has the direction as computed.",
};

export function PlanePanel({ geometry }: { geometry: Geometry }) {
  const view = planeOf(geometry);
  const covariance = geometry.encounter_plane?.covariance;
  const [, secondary] = pair(geometry.objects);
  return (
    <Panel title="Encounter plane" note="The secondary comes toward you">
      {view === null ? (
        <Empty title="There is no encounter plane">The two do not move against each other.</Empty>
      ) : (
        <>
          <PlanePlot view={view} secondary={nameOf(secondary)} />
          <p className="mt-1 text-xs text-quiet">
            Circle: combined hard-body radius, {geometry.combined_hard_body_radius_m} m, to scale.{" "}
            {covariance == null ? "No ellipse: the two touch, and the smaller their errors, the nearer the probability comes to 1." : ellipses(covariance)}
            {geometry.collision.basis === "covariances" && " The probability itself is from the covariances of both objects, which are not drawn here."}
          </p>
        </>
      )}
    </Panel>
  );
}

function ellipses(covariance: Schemas["PlaneCovarianceRow"]): string {
  return `${BASIS[covariance.basis]} 1σ: ${sigma(covariance.sigma_major_km)} × ${sigma(covariance.sigma_minor_km)}.`;
}
