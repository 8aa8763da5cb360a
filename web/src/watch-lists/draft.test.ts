import { expect, test } from "vitest";

import { readNumbers } from "@/pick/numbers";
import { bodyOf, draftOf, edit } from "./draft";

const LIST = {
  id: "01a228ad-76da-7786-8b2b-dc623b012b7c",
  name: "stations",
  objects: [
    { catalog_number: 25544, hard_body_radius_m: 55, maneuverable: true, min_probability: null, max_miss_distance_km: null },
    { catalog_number: 20580, hard_body_radius_m: null, maneuverable: null, min_probability: 1e-6, max_miss_distance_km: null },
  ],
  updated: "2026-11-29T18:59:46.522863Z",
};

test("a list that nobody changed is sent as it was", () => {
  expect(bodyOf(draftOf(LIST)).body).toEqual({ name: LIST.name, objects: LIST.objects });
});

test("an object stands once on a list, and nothing stated of it is lost by adding it again", () => {
  const draft = edit(draftOf(LIST), { kind: "add", objects: [{ catalog_number: 25544 }, { catalog_number: 48274, name: "CSS" }] });
  expect(draft.objects.map((object) => object.catalog_number)).toEqual([48274, 25544, 20580]);
  expect(draft.objects[1]?.hard_body_radius_m).toBe("55");
});

test("what is wrong is said by the service's name of the field", () => {
  const draft = edit(draftOf(LIST), { kind: "set", catalog_number: 20580, field: "hard_body_radius_m", text: "0" });
  expect([...(bodyOf(draft).problems ?? [])]).toEqual([["objects[1].hard_body_radius_m", "0: 0.001 to 1,000 m is due"]]);
});

test("pasted numbers are read whatever stands between them, and what is none is told", () => {
  expect(readNumbers("25544, 48274;20580\n25544 ")).toEqual({ numbers: [25544, 48274, 20580], wrong: [] });
  expect(readNumbers("ISS 0 1234567890 7")).toEqual({ numbers: [7], wrong: ["ISS", "0", "1234567890"] });
});
