/**
 * Pictures of each page, in light and dark: `SCREENSHOTS=FOLDER npm run screenshots` (screenshots/), with the variables of
 * playwright.config.ts. A test of Playwright that `npm run e2e` leaves out.
 */
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";

import { pages } from "./pages";
import { expect, test } from "./test";

const FOLDER = resolve(process.env["SCREENSHOTS"] ?? "screenshots");
/** Plots and the globe are drawn after the data has come. */
const DRAWN_MS = 2_500;

for (const scheme of ["light", "dark"] as const) {
  test.describe(scheme, () => {
    test.use({ colorScheme: scheme });

    test(`pictures, ${scheme}`, async ({ page, service }) => {
      test.setTimeout(300_000);
      mkdirSync(FOLDER, { recursive: true });
      for (const { name, path } of await pages(service)) {
        await page.goto(path);
        await expect(page.getByRole("main")).toBeVisible();
        if (name === "globe") await expect(page.getByText(/objects, the first/)).toBeVisible({ timeout: 60_000 });
        await page.waitForTimeout(DRAWN_MS);
        await page.screenshot({ path: join(FOLDER, `${name}-${scheme}.png`) });
      }
    });
  });
}
