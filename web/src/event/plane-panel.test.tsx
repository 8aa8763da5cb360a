import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";

import type { Schemas } from "@/api/client";
import { AssumptionsPanel } from "./assumptions-panel";
import { FactsStrip } from "./facts-strip";
import { PlanePanel } from "./plane-panel";
import { CONJUNCTION, GEOMETRY } from "./samples";

// An assumed covariance puts this miss at 3.54 sigma, where its ellipse gives 100 times less than the maximum probability.
it("no number of sigma of an assumed covariance stands beside the probability", () => {
  const { container } = render(
    <>
      <FactsStrip conjunction={CONJUNCTION} geometry={GEOMETRY} />
      <PlanePanel geometry={GEOMETRY} />
    </>,
  );
  expect(screen.queryByText("Miss in sigma")).toBeNull();
  expect(container.innerHTML).not.toContain("3.54");
  expect(screen.getByRole("img").getAttribute("aria-label")).toContain("its major axis 71° from the miss vector. Directions");
});

it("says that the maximum takes the miss along the long axis, and the picture does not", () => {
  render(<PlanePanel geometry={GEOMETRY} />);
  expect(screen.getByText(/takes the miss along the long axis of this ellipse, the worst case; the picture has the direction as computed/)).toBeTruthy();
});

const PLANE = GEOMETRY.encounter_plane;
if (PLANE == null) throw new Error("there is a plane");

/** Of variances 0.04 and 0.01 km² along axes that are turned by 30°. */
const KNOWN: Schemas["PlaneCovarianceRow"] = {
  basis: "known",
  sigma_across_km: null,
  variance_x_km2: 0.0325,
  covariance_xy_km2: 0.0129903810567666,
  variance_y_km2: 0.0175,
  sigma_major_km: 0.2,
  sigma_minor_km: 0.1,
  major_axis_angle_deg: 30,
  mahalanobis_distance: 0.6653,
};
const OF_BOTH: Schemas["GeometryRow"] = {
  ...GEOMETRY,
  encounter_plane: { ...PLANE, covariance: KNOWN },
  collision: { probability: 0.0021, probability_method: "two_dimensional", basis: "covariances" },
};
const RECEIVED: Schemas["ReceivedGeometryRow"] = {
  cdm: "018f3c2e-8a54-7c1b-9d37-2b605e8fa911",
  originator: "DEMO",
  created: "2024-11-04T07:00:00Z",
  tca: "2024-11-05T02:34:20.702Z",
  frame: "GCRF",
  radial_axis: GEOMETRY.radial_axis,
  in_track_axis: GEOMETRY.in_track_axis,
  cross_track_axis: GEOMETRY.cross_track_axis,
  encounter_plane: { ...PLANE, miss_x_km: 0.313, covariance: KNOWN },
  combined_hard_body_radius_m: 5,
  collision: { probability: 1.2e-5, probability_method: "two_dimensional_nc", basis: "covariances" },
};

const drawing = () => screen.getByRole("img").getAttribute("aria-label") ?? "";
/** Semi-axes and turn of the ellipse of one sigma, as they are drawn. */
function ellipse(container: HTMLElement): { ratio: number; turn: string } {
  const drawn = container.querySelector("ellipse");
  if (drawn === null) throw new Error("there is an ellipse");
  const [turn = ""] = drawn.getAttribute("transform")?.replace("rotate(", "").split(" ") ?? [];
  return { ratio: Number(drawn.getAttribute("rx")) / Number(drawn.getAttribute("ry")), turn };
}

it("draws the ellipse of the covariances of both objects, and says that it is that one", () => {
  const { container } = render(<PlanePanel geometry={OF_BOTH} />);
  expect(screen.getByText(/Ellipses: from the covariances of both objects, summed.* 1σ: 200 m × 100 m\. The miss is 0\.67σ\./)).toBeTruthy();
  expect(container.textContent).not.toContain("assumed");
  expect(drawing()).toContain("semi-axes of 200 m and 100 m, its major axis 30° from the miss vector");
  const { ratio, turn } = ellipse(container);
  expect(ratio).toBeCloseTo(2, 9);
  // Toward +y, which goes up: the other way round in the picture.
  expect(Number(turn)).toBeCloseTo(-30, 9);
  expect(screen.queryByRole("button")).toBeNull();
});

it("says that the covariance of one object alone is known and not used", () => {
  const [one, other] = GEOMETRY.objects;
  if (one === undefined || other === undefined) throw new Error("there are two");
  const geometry = { ...GEOMETRY, objects: [{ ...one, covariance_is_known: true }, other] };
  const words = "The covariance of STARLINK-5738 is known and not used: half of a combined covariance gives no probability.";
  const { container } = render(<PlanePanel geometry={geometry} />);
  expect(container.textContent).toContain("Ellipses: assumed, not measured");
  expect(container.textContent).toContain(words);
  const { container: assumptions } = render(<AssumptionsPanel conjunction={CONJUNCTION} geometry={geometry} />);
  expect(assumptions.textContent).toContain(words);
});

it("says that the covariances of both objects are known and not used, where the probability is a maximum", () => {
  const geometry = { ...GEOMETRY, objects: GEOMETRY.objects.map((object) => ({ ...object, covariance_is_known: true })) };
  const words = "The covariances of both objects are known and not used:";
  const { container } = render(<PlanePanel geometry={geometry} />);
  expect(container.textContent).toContain("Ellipses: assumed, not measured");
  expect(container.textContent).toContain(words);
  const { container: assumptions } = render(<AssumptionsPanel conjunction={CONJUNCTION} geometry={geometry} />);
  expect(assumptions.textContent).toContain(words);
  const { container: used } = render(<AssumptionsPanel conjunction={{ ...CONJUNCTION, probability: 1e-5, probability_method: "two_dimensional" }} geometry={geometry} />);
  expect(used.textContent).not.toContain("not used");
});

it("draws the encounter of a message where ours is assumed, and ours when it is asked for", async () => {
  const { container } = render(<PlanePanel geometry={{ ...GEOMETRY, received: RECEIVED }} />);
  const [message, ours] = [screen.getByRole("button", { name: "Message of DEMO" }), screen.getByRole("button", { name: "Our solution" })];
  expect(message.getAttribute("aria-pressed")).toBe("true");
  expect(drawing()).toContain("passes 313 m from the primary. Combined hard-body radius 5 m.");
  expect(container.textContent).toContain("combined hard-body radius, 5 m");
  expect(container.textContent).toContain("States, miss and covariances are those of the message");
  expect(container.textContent).toContain("From it we compute 1.2 × 10⁻⁵ (2D-Nc).");
  await userEvent.click(ours);
  expect(ours.getAttribute("aria-pressed")).toBe("true");
  expect(drawing()).toContain("passes 101 m from the primary. Combined hard-body radius 20 m.");
  expect(container.textContent).toContain("Ellipses: assumed, not measured");
});

it("draws our own encounter first where its covariances are known, whatever a message says", () => {
  render(<PlanePanel geometry={{ ...OF_BOTH, received: RECEIVED }} />);
  expect(screen.getByRole("button", { name: "Our solution" }).getAttribute("aria-pressed")).toBe("true");
});

it("says why there is no ellipse", () => {
  const { container, rerender } = render(<PlanePanel geometry={{ ...OF_BOTH, encounter_plane: { ...PLANE, covariance: null } }} />);
  expect(container.textContent).toContain("No ellipse: the sum of the covariances of both objects is not positive definite in this plane.");
  rerender(<PlanePanel geometry={{ ...GEOMETRY, encounter_plane: { ...PLANE, covariance: null } }} />);
  expect(container.textContent).toContain("No ellipse: the two touch");
});
