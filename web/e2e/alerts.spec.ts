import { riskiest } from "./pages";
import { expect, test } from "./test";

test("make a watch list and a rule, and see the alert arrive", async ({ page, context, service }) => {
  const event = await riskiest(service);
  const number = event.objects[0]?.catalog_number ?? 0;

  await page.goto("/watch-lists/");
  await page.getByRole("button", { name: "New list" }).click();
  await page.getByLabel("Name").fill("Our satellites");
  await page.getByLabel("By catalog numbers").fill(String(number));
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await expect(page.getByRole("dialog").getByRole("status").first()).toContainText("1 added");
  await page.getByRole("button", { name: "Make the list" }).click();
  await expect(page.getByRole("navigation", { name: "Watch lists" })).toContainText("Our satellites");

  // Somebody looks at the alerts, and nothing is read anew by hand.
  const watching = await context.newPage();
  await watching.goto("/alerts/");
  await expect(watching.getByText("Live", { exact: true })).toBeVisible();
  const told = watching.getByRole("main").getByText(`[${number}]`).first();
  await expect(told).toBeHidden();

  await page.goto("/rules/");
  await page.getByRole("button", { name: "New rule" }).click();
  await page.getByLabel("Name").fill("Anything near");
  await page.getByLabel("About").selectOption("Our satellites");
  await page.getByLabel("Severity").selectOption("critical");
  await page.getByRole("button", { name: "Make the rule" }).click();
  await expect(page.getByRole("listitem", { name: "Anything near" })).toContainText("critical");

  // Rules are held against what a screening finds, and against the message of a screening service.
  const cdm = await service.get(`/api/v1/conjunctions/${event.id}/cdm`, { params: { format: "kvn" } });
  const sent = await service.post("/api/v1/uploads", { params: { name: "event.cdm" }, data: await cdm.text(), headers: { "content-type": "text/plain" } });
  expect(sent.status(), await sent.text()).toBe(201);
  await expect(told).toBeVisible();

  const { items } = (await (await service.get("/api/v1/alerts")).json()) as { items: { severity: string; state: string }[] };
  expect(items[0]).toMatchObject({ severity: "critical", state: "open" });
  // Who is on another page sees it, too.
  await expect(page.getByRole("link", { name: /^Alerts ?: \d+ open, \d+ critical$/ })).toBeVisible();
  await expect(page).toHaveTitle(/^\(\d+\) Alert rules/);

  // What it is about, and the rule that made it, are a click away.
  await watching.getByRole("main").getByRole("button", { name: new RegExp(`\\[${number}\\]`) }).click();
  await expect(watching.getByRole("main")).toContainText("Anything near");
});
