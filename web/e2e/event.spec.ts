import AxeBuilder from "@axe-core/playwright";
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

/** One sigma of each object, along R, T and N: 10 m, 100 m, 10 m, and next to nothing of its velocity. */
const COVARIANCE = ["R", "T", "N", "RDOT", "TDOT", "NDOT"]
  .flatMap((row, place, all) => all.slice(0, place + 1).map((column) => `C${row}_${column} = ${row === column ? [1e2, 1e4, 1e2, 1e-4, 1e-4, 1e-4][place] : 0}`))
  .join("\n");

/** A message as another one would have made it, who knows how uncertain both objects are. */
function asOfAnother(cdm: string): string {
  return cdm
    .replace(/^ORIGINATOR *=.*$/m, "ORIGINATOR = CSPOC")
    .replace(/^MESSAGE_ID *=.*$/m, "MESSAGE_ID = PATHS-1")
    .replace(/^COLLISION_PROBABILITY *=.*$/m, "COLLISION_PROBABILITY = 3.21e-3")
    .replace(/^COLLISION_PROBABILITY_METHOD *=.*$/m, "COLLISION_PROBABILITY_METHOD = FOSTER-1992")
    .replace(/^C[RTN]+(DOT)?_.*\n/gm, "")
    .replace(/^(Z_DOT *=.*)$/gm, `$1\n${COVARIANCE}`);
}

test("a message that was received stands beside our own solution", async ({ page, service }) => {
  const event = await riskiest(service);
  const own = (await (await service.get(`/api/v1/conjunctions/${event.id}`)).json()) as { miss_distance_km: number };
  const cdm = await (await service.get(`/api/v1/conjunctions/${event.id}/cdm`, { params: { format: "kvn" } })).text();
  const theirs = asOfAnother(cdm);
  await page.goto(`/event/?id=${event.id}`);
  const messages = page.getByRole("region", { name: "Received messages" });
  await expect(page.getByRole("heading", { name: "Received messages (CDM)" })).toBeVisible();

  // Somebody gives it on the page of uploads; this one hears of it.
  const giving = await page.context().newPage();
  await giving.goto("/uploads/");
  await giving.locator('input[type="file"]').setInputFiles({ name: "cspoc.cdm", mimeType: "text/plain", buffer: Buffer.from(theirs) });
  await expect(giving.getByRole("listitem", { name: "cspoc.cdm" })).toContainText("Accepted");
  await giving.close();
  const row = messages.getByRole("row", { name: /CSPOC/ });
  // What it states, and what its covariances give: as it says, not the largest of an assumed shape.
  await expect(row).toContainText("high risk, 3.2 × 10⁻³");
  await expect(row.getByRole("cell").nth(5)).toContainText("2D");
  // Ours stays ours.
  const after = (await (await service.get(`/api/v1/conjunctions/${event.id}`)).json()) as { miss_distance_km: number };
  expect(after).toMatchObject({ miss_distance_km: own.miss_distance_km });

  await row.getByRole("button", { name: /^File of the message of CSPOC/ }).click();
  const dialog = page.getByRole("dialog", { name: "Message of CSPOC" });
  await expect(dialog).toContainText("MESSAGE_ID = PATHS-1");
  const [download] = await Promise.all([page.waitForEvent("download"), dialog.getByRole("button", { name: "Download" }).click()]);
  expect(readFileSync(await download.path(), "utf8")).toBe(theirs);
});

test("keys and the palette act on an event, and what its values mean is reached by keys and by touch", async ({ page, service }) => {
  const event = await riskiest(service);
  await page.goto(`/event/?id=${event.id}`);
  await expect(page.getByRole("button", { name: "Note", exact: true })).toBeVisible();
  await page.keyboard.press("n");
  await expect(page.getByRole("textbox", { name: "Note" })).toBeFocused();
  await page.keyboard.type("sand in the gears");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("region", { name: /^Log of notes/ })).toContainText("sand in the gears");
  await expect(page.getByRole("button", { name: "Note", exact: true })).toBeFocused();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("decide");
  await page.keyboard.press("Enter");
  await expect(page.getByLabel("Decision")).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(page.getByLabel("Decision")).toBeHidden();

  const tooltip = page.getByRole("tooltip");
  const method = page.locator("dt").getByText("Method", { exact: true });
  await method.focus();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Shift+Tab");
  await expect(tooltip).toBeVisible();
  await expect(method).toHaveAccessibleDescription(await tooltip.innerText());
  await page.keyboard.press("Escape");
  await expect(tooltip).toBeHidden();
  await method.hover();
  await expect(tooltip).toBeVisible();
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
});
