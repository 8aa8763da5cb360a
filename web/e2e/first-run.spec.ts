import { signInLink } from "./service";
import { expect, test } from "./test";

test.use({ storageState: { cookies: [], origins: [] } });

test("first run: the printed link shows what is here, and leads to today's page", async ({ page }) => {
  await page.goto((await signInLink()).href);
  await expect(page).toHaveURL("/welcome/");
  await expect(page.getByRole("heading", { level: 1, name: "What you see here" })).toBeVisible();

  const status = (await (await page.request.get("/api/v1/status")).json()) as { newest_screening: { objects: number; conjunctions: number } };
  // Not the newest run of any kind, which may be under way, or of somebody's own ephemerides.
  const { objects, conjunctions } = status.newest_screening;
  // Real events are there, not a demonstration.
  expect(objects).toBeGreaterThan(3_000);
  expect(conjunctions).toBeGreaterThan(500);
  const here = page.locator("section", { has: page.getByRole("heading", { name: "Here, now" }) });
  await expect(here).toContainText(`${objects.toLocaleString("en-US")} objects`);
  await expect(here).toContainText(`${conjunctions.toLocaleString("en-US")} conjunctions`);
  await expect(page.getByRole("heading", { name: "What it cannot tell" })).toBeVisible();

  await page.getByRole("link", { name: "To today's page" }).click();
  await expect(page).toHaveURL("/");
  await expect(page.getByRole("heading", { level: 1, name: "Today" })).toBeVisible();

  // Whoever has seen it is not told again.
  await page.goto("/signin/");
  await expect(page).toHaveURL("/");
});
