import { expect, it } from "vitest";

import { assumptionsOf } from "./assumptions-panel";
import { CONJUNCTION } from "./samples";

const TOUCHING = { ...CONJUNCTION, miss_distance_km: 0.009, dilution_km: 0 };

it("of two that touch, only those of element sets are said to have the errors of element sets", () => {
  const touching = (one: "gp" | "cdm" | "ephemeris", other: "gp" | "cdm") => {
    const objects = TOUCHING.objects.map((object, place) => ({ ...object, grade: place === 0 ? one : other }));
    return assumptionsOf({ ...TOUCHING, objects }, undefined).filter((said) => said.startsWith("So small a distance"));
  };
  expect(touching("gp", "gp")).toEqual(["So small a distance says that they may meet, not that they will: errors of element sets are many times larger."]);
  expect(touching("ephemeris", "gp")).toEqual(touching("gp", "gp"));
  expect(touching("ephemeris", "cdm")).toEqual(["So small a distance says that they may meet, not that they will: the errors of their data may be larger."]);
});
