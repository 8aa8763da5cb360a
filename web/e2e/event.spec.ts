import { readFileSync } from "node:fs";

import { riskiest } from "./pages";
import { expect, test } from "./test";

test("open an event, and download it as a conjunction data message", async ({ page, service }) => {
  const event = await riskiest(service);
  await page.goto(`/event/?id=${event.id}`);
  await expect(page.getByRole("heading", { name: "Encounter plane" })).toBeVisible();

  await page.getByRole("button", { name: "CDM", exact: true }).click();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("menuitem", { name: /KVN/ }).click()]);
  expect(download.suggestedFilename()).toMatch(/^CDM-\d+-\d+-\d{8}T\d{6}Z\.cdm$/);
  const text = readFileSync(await download.path(), "utf8");
  const value = (key: string) => [...text.matchAll(new RegExp(`^${key} *= *(\\S+)`, "gm"))].map(([, found]) => found);
  expect(text).toMatch(/^CCSDS_CDM_VERS *= *1\.0/);
  expect(value("OBJECT_DESIGNATOR").map(Number)).toEqual(event.objects.map(({ catalog_number: number }) => number));
  const { tca, miss_distance_km: miss } = (await (await service.get(`/api/v1/conjunctions/${event.id}`)).json()) as { tca: string; miss_distance_km: number };
  expect(Math.abs(Date.parse(`${value("TCA")[0]}Z`) - Date.parse(tca))).toBeLessThanOrEqual(1);
  expect(Number(value("MISS_DISTANCE")[0])).toBeCloseTo(miss * 1_000, 0);
  for (const axis of ["X", "Y", "Z", "X_DOT", "Y_DOT", "Z_DOT"]) expect(value(axis), axis).toHaveLength(2);
});
