import { render, screen } from "@testing-library/react";
import { expect, it } from "vitest";

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
