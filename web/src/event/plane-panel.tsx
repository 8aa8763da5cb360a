"use client";

import { useState } from "react";

import type { Schemas } from "@/api/client";
import { pair } from "@/conjunctions/pair";
import { sigma } from "@/conjunctions/words";
import { Time } from "@/time/time";
import { Button } from "@/ui/button";
import { Panel } from "@/ui/panel";
import { Empty } from "@/ui/state";
import { probability } from "@/units/format";
import { METHODS, nameOf } from "@/units/words";
import { unusedInWords } from "./assumptions-panel";
import { planeOf } from "./plane";
import { PlanePlot } from "./plane-plot";

type Geometry = Schemas["GeometryRow"];
type Received = Schemas["ReceivedGeometryRow"];
type Basis = Schemas["CovarianceBasis"];
type Covariance = Schemas["PlaneCovarianceRow"];

/** What the ellipses are, in words. */
const BASIS: Record<Basis, string> = {
  assumed:
    "Ellipses: assumed, not measured. One part radial, three along the velocity, one across, for each object, at the scale at which the probability is largest; no estimate of an error. The maximum probability takes the miss along the long axis of this ellipse, the worst case; the picture has the direction as computed.",
  known: "Ellipses: from the covariances of both objects, summed: the errors of the two are taken as independent.",
};

/** Whose encounter is drawn: our solution's, or that of a message, whose covariances belong to its own states. */
type Source = "ours" | "message";

export function PlanePanel({ geometry }: { geometry: Geometry }) {
  const received = geometry.received ?? null;
  const [chosen, choose] = useState<Source>();
  const isOursKnown = geometry.collision.basis === "covariances";
  const source: Source = received === null ? "ours" : (chosen ?? (isOursKnown ? "ours" : "message"));
  const drawn = source === "message" && received !== null ? received : geometry;
  const view = planeOf(drawn);
  const [, secondary] = pair(geometry.objects);
  return (
    <Panel
      title="Encounter plane"
      note="The secondary comes toward you"
      actions={received !== null && <Sources received={received} source={source} choose={choose} />}
    >
      {view === null ? (
        <Empty title="There is no encounter plane">The two do not move against each other.</Empty>
      ) : (
        <>
          <PlanePlot view={view} secondary={nameOf(secondary)} />
          <p className="mt-1 text-xs text-quiet">
            Circle: combined hard-body radius, {drawn.combined_hard_body_radius_m} m, to scale.{" "}
            {source === "message" && received !== null ? <OfMessage received={received} /> : ofOurs(geometry)}
          </p>
        </>
      )}
    </Panel>
  );
}

function Sources({ received, source, choose }: { received: Received; source: Source; choose: (source: Source) => void }) {
  const all: [Source, string][] = [
    ["message", `Message of ${received.originator}`],
    ["ours", "Our solution"],
  ];
  return all.map(([one, name]) => (
    <Button key={one} size="small" aria-pressed={source === one} className={source === one ? "bg-raised" : undefined} onClick={() => choose(one)}>
      {name}
    </Button>
  ));
}

const INDEFINITE = "No ellipse: the sum of the covariances of both objects is not positive definite in this plane.";

/** What the picture of our solution rests on. */
function ofOurs(geometry: Geometry): string {
  const covariance = geometry.encounter_plane?.covariance;
  if (covariance == null) {
    return geometry.collision.basis === "covariances"
      ? INDEFINITE
      : "No ellipse: the two touch, and the smaller their errors, the nearer the probability comes to 1.";
  }
  const unused = unusedInWords(geometry);
  return `${ellipses(covariance)}${covariance.basis === "assumed" && unused !== null ? ` ${unused}` : ""}`;
}

/** What the picture of a message rests on. */
function OfMessage({ received: { created, tca, collision, encounter_plane: plane } }: { received: Received }) {
  return (
    <>
      States, miss and covariances are those of the message, made <Time value={created} />, at its closest approach, <Time value={tca} digits={3} />.{" "}
      {plane.covariance == null ? INDEFINITE : ellipses(plane.covariance)}
      {collision != null && ` From it we compute ${probability(collision.probability)} (${METHODS[collision.probability_method].short}).`}
    </>
  );
}

function ellipses(covariance: Covariance): string {
  const { basis, sigma_major_km: major, sigma_minor_km: minor, mahalanobis_distance: away } = covariance;
  // A number of sigma of an assumed covariance would contradict the probability beside it.
  const miss = basis === "known" ? ` The miss is ${away.toFixed(away < 10 ? 2 : 0)}σ.` : "";
  return `${BASIS[basis]} 1σ: ${sigma(major)} × ${sigma(minor)}.${miss}`;
}
