import { riskiest } from "./pages";
import { expect, test } from "./test";

interface Row {
  miss_distance_km: number;
  probability: number | null;
  maximum_probability: number;
}

test("filter conjunctions: the answer is the service's, and the address keeps it", async ({ page, service }) => {
  await page.goto("/conjunctions/");
  const table = page.getByRole("table", { name: "Conjunctions" });
  await expect(table.getByRole("row").nth(5)).toBeVisible();

  await page.getByLabel("Miss, at most (km)").fill("1");
  await page.getByLabel("Probability, at least").fill("1e-5");
  await page.keyboard.press("Enter");
  const query = { relation: "false", status: "active", max_miss_distance_km: "1", min_probability: "1e-5" };
  const { count } = (await (await service.get("/api/v1/conjunctions/count", { params: query })).json()) as { count: number };
  expect(count).toBeGreaterThan(0);
  const { items } = (await (await service.get("/api/v1/conjunctions", { params: { ...query, limit: "1000" } })).json()) as { items: Row[] };
  for (const row of items) {
    expect(row.miss_distance_km).toBeLessThanOrEqual(1);
    expect(row.probability ?? row.maximum_probability).toBeGreaterThanOrEqual(1e-5);
  }
  await expect(page.getByRole("status").filter({ hasText: /conjunctions?$|rows read/ })).toHaveText(
    new RegExp(`^${count.toLocaleString("en-US")} conjunctions?$`),
  );

  // The whole view stands in the address: somebody else opens the same.
  await expect(page).toHaveURL(({ searchParams }) => searchParams.size === 2);
  const address = new URL(page.url());
  expect(address.search).not.toBe("");
  await page.goto("/");
  await page.goto(address.href);
  await expect(page.getByLabel("Miss, at most (km)")).toHaveValue("1");
  await expect(page.getByLabel("Probability, at least")).toHaveValue(/^(1e-5|0\.00001)$/);

  // One object alone.
  const [object] = (await riskiest(service)).objects;
  await page.goto(`/conjunctions/?object=${object?.catalog_number}`);
  await expect(table.getByRole("row").nth(1)).toBeVisible();
  for (const row of await table.getByRole("row").all()) {
    if ((await row.getByRole("cell").count()) === 0) continue;
    await expect(row.locator(`a[href*="number=${object?.catalog_number}"]`)).toHaveCount(1);
  }
});

test("the event of a row is a link, and who comes back finds the row and the filters that they left", async ({ page }) => {
  await page.goto("/conjunctions/");
  const table = page.getByRole("table", { name: "Conjunctions" });
  await expect(table.getByRole("row").nth(5)).toBeVisible();
  // To a service on this machine that is no matter.
  await page.evaluate(() => dispatchEvent(new Event("offline")));
  await page.getByLabel("Miss, at most (km)").fill("5");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/miss=5/);
  await expect(page.getByRole("status").filter({ hasText: /conjunctions?$|rows read/ })).toBeVisible();

  await table.locator("xpath=..").evaluate((element) => element.scrollTo(0, 1_200));
  const links = table.locator('a[href*="/event"]');
  await expect(table.locator('tr[aria-rowindex="50"]')).toBeVisible();
  const href = await links.nth(25).getAttribute("href");
  const row = table.locator(`tr:has(a[href="${href}"])`);
  await row.getByRole("link").first().click();
  await expect(page).toHaveURL(/\/event\/?\?id=/);
  await page.goBack();
  await expect(row).toBeInViewport();
  await expect(row).toBeFocused();

  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/event\/?\?id=/);
  await page.getByRole("main").getByRole("link", { name: "Conjunctions" }).click();
  await expect(page).toHaveURL(/\/conjunctions\/?\?.*miss=5/);
  await expect(page.getByLabel("Miss, at most (km)")).toHaveValue("5");
});

test("who has scrolled far stays there when there are new results, is told so, and reads them anew", async ({ page, service }) => {
  await page.goto("/conjunctions/");
  const table = page.getByRole("table", { name: "Conjunctions" });
  const rows = table.locator("tbody tr[aria-rowindex]");
  const box = table.locator("xpath=..");
  // More than is read anew by itself.
  await expect
    .poll(async () => {
      await box.evaluate((element) => element.scrollTo(0, element.scrollHeight));
      return Number(await rows.last().getAttribute("aria-rowindex"));
    })
    .toBeGreaterThan(1_201);
  const said = page.getByText("There are new results since these rows were read.");
  await expect(said).toBeHidden();
  const inSight = table.locator(`tr:has(a[href="${await rows.nth(-20).locator('a[href*="/event"]').getAttribute("href")}"])`);
  await expect(inSight).toBeInViewport();
  const top = () => inSight.evaluate((row) => row.getBoundingClientRect().top);
  const before = await top();

  const { id } = await riskiest(service);
  const noted = await service.post(`/api/v1/conjunctions/${id}/notes`, { data: { kind: "note", text: "Seen from afar." } });
  expect(noted.ok()).toBe(true);
  await expect(said).toBeVisible();
  expect(await top()).toBe(before);
  await page.getByRole("button", { name: "Read anew" }).click();
  await expect(said).toBeHidden();
  await expect(rows.first()).toBeVisible();
  await expect(table.locator("tr[tabindex='0']")).toBeFocused();
});
