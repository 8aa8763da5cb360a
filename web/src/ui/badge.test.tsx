import { render } from "@testing-library/react";
import { expect, test } from "vitest";

import { RiskBadge } from "./badge";

test.each([
  [0.25, true, "high risk, ≤ 0.25"],
  [1.24e-5, false, "elevated risk, 1.2 × 10⁻⁵"],
  [0, false, "low risk, 0"],
])("a risk of %d is read out with its band", (value, maximum, said) => {
  expect(render(<RiskBadge value={value} maximum={maximum} />).container.textContent).toBe(said);
});
