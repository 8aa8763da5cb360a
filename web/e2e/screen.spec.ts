import { readFileSync } from "node:fs";

import { riskiest } from "./pages";
import { expect, test } from "./test";

interface Solved {
  tca: string;
  miss_distance_km: number;
  objects: { catalog_number: number }[];
}

test("screen an object on demand: how far it is, and then what comes near it", async ({ page, service }) => {
  const event = await riskiest(service);
  const [one, other] = event.objects;
  await page.goto(`/screen/?number=${one?.catalog_number}`);
  await page.getByLabel("Window (d)").fill("14");
  await page.getByLabel("Distance up to (km)").fill("100");
  // Each state of the bar, however short it is there.
  await page.evaluate(() => {
    const seen: number[] = [];
    Object.assign(window, { seen });
    const look = () => {
      const bar = document.querySelector<HTMLProgressElement>('main progress[aria-label="Screening"]');
      if (bar?.hasAttribute("value") && bar.position !== seen.at(-1)) seen.push(bar.position);
    };
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
  });
  await page.getByRole("button", { name: "Screen" }).click();
  const found = page.getByRole("table", { name: "Close approaches" });
  await expect(found).toBeVisible({ timeout: 120_000 });
  const seen = await page.evaluate(() => (window as unknown as { seen: number[] }).seen);
  expect(seen.length).toBeGreaterThan(2);
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));

  // The same as the run found, of this object's events that are to come.
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("main").getByRole("button", { name: "CSV" }).click()]);
  const [header = "", ...lines] = readFileSync(await download.path(), "utf8").trim().split(/\r?\n/);
  const columns = header.split(",");
  const rows = lines.map((line) => Object.fromEntries(line.split(",").map((value, place) => [columns[place], value])));
  const solved = (await (await service.get(`/api/v1/conjunctions/${event.id}`)).json()) as Solved;
  const same = rows.find((row) => row["catalog_number"] === String(other?.catalog_number) && Math.abs(Date.parse(row["tca_utc"] ?? "") - Date.parse(solved.tca)) < 1_000);
  expect(same, lines.join("\n")).toBeDefined();
  expect(Number(same?.["miss_distance_km"])).toBeCloseTo(solved.miss_distance_km, 3);
  // In two weeks, another one may come nearer than the riskiest.
  const nearest = rows.toSorted((one, another) => Number(one["miss_distance_km"]) - Number(another["miss_distance_km"]))[0];
  await page.getByRole("button", { name: "Miss" }).click();
  await expect(found.getByRole("row").nth(1)).toContainText(nearest?.["catalog_number"] ?? "");
});

test("a screening on demand can be stopped, and says which field is wrong", async ({ page }) => {
  await page.goto("/screen/?number=25544");
  await page.getByLabel("Window (d)").fill("14");
  await page.getByLabel("Distance up to (km)").fill("100");
  // One that was over before it could be stopped is begun again.
  await expect(async () => {
    await page.getByRole("button", { name: "Screen" }).click();
    await page.getByRole("button", { name: "Stop" }).click({ timeout: 5_000 });
    await expect(page.getByText("Nothing was screened yet")).toBeVisible({ timeout: 5_000 });
  }).toPass();
  await expect(page.getByRole("button", { name: "Screen" })).toBeEnabled();

  await page.getByLabel("A message").check();
  await page.getByLabel("Message", { exact: true }).fill("no message");
  await page.getByRole("button", { name: "Screen" }).click();
  const field = page.getByLabel("Message", { exact: true });
  await expect(field).toHaveAttribute("aria-invalid", "true");
  await expect(page.getByRole("main").getByRole("alert")).toContainText("It was not screened");
});
