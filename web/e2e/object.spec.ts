import { STATION } from "./catalog";
import { expect, test } from "./test";

test("find an object by its name, with the keyboard alone", async ({ page }) => {
  await page.goto("/");
  await expect(page.getByRole("heading", { level: 1, name: "Today" })).toBeVisible();
  // The page listens: what is drawn before that hears no key.
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  await page.keyboard.press("Control+k");
  await page.getByPlaceholder("Object by name or catalog number, or a page").fill("zarya");
  // What the keyboard would choose.
  await expect(page.getByRole("option", { name: STATION.name })).toHaveAttribute("aria-selected", "true");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(`/object/?number=${STATION.number}`);
  await expect(page.getByRole("heading", { level: 1 })).toContainText(STATION.name);
  await expect(page.getByRole("main")).toContainText(String(STATION.number));
  // Its inclination, as everybody knows it.
  await expect(page.getByRole("main")).toContainText("51.6");
});
