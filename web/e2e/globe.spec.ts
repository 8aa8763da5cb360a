/** The globe: what is drawn is what was asked for. */
import type { Page } from "@playwright/test";

import { STATION } from "./catalog";
import { expect, test } from "./test";

/** How many pixels of the picture have the color of a token of the theme. */
async function drawnIn(page: Page, token: string): Promise<number> {
  const png = await page.locator("[data-globe] canvas").screenshot();
  return page.evaluate(
    async ([source, name]) => {
      const image = new Image();
      image.src = `data:image/png;base64,${source}`;
      await image.decode();
      const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
      if (context === null) throw new Error("no context");
      context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(name ?? "").trim();
      context.fillRect(0, 0, 1, 1);
      const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
      context.drawImage(image, 0, 0);
      const { data } = context.getImageData(0, 0, image.width, image.height);
      let count = 0;
      for (let at = 0; at < data.length; at += 4) if (data[at] === red && data[at + 1] === green && data[at + 2] === blue) count += 1;
      return count;
    },
    [png.toString("base64"), token],
  );
}

async function open(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await expect(page.getByRole("application", { name: /^Globe with [\d,]+ of [\d,]+ objects/ })).toBeVisible({ timeout: 60_000 });
}

test("the globe draws what the filters leave, as its time moves", async ({ page }) => {
  await open(page, "/globe/");
  await expect.poll(() => drawnIn(page, "--series-1")).toBeGreaterThan(500);
  await expect.poll(() => drawnIn(page, "--series-3")).toBeGreaterThan(20);

  await page.getByRole("checkbox", { name: /^LEO/ }).uncheck();
  await expect.poll(() => drawnIn(page, "--series-1")).toBe(0);
  await expect.poll(() => drawnIn(page, "--series-3")).toBeGreaterThan(20);
  await page.getByRole("checkbox", { name: /^LEO/ }).check();

  await page.getByRole("button", { name: "600× the speed of time", exact: true }).click();
  await expect(page.getByText(/^\+\d+ min/)).toBeVisible();
  await expect.poll(() => drawnIn(page, "--series-1")).toBeGreaterThan(500);
});

test("an object is found on the globe, and its orbit is drawn", async ({ page }) => {
  await open(page, "/globe/");
  await page.getByRole("button", { name: "Pause" }).click();
  const before = await drawnIn(page, "--ink");
  await page.getByPlaceholder("Name, number or designator").fill(STATION.name);
  await page.getByRole("button", { name: new RegExp(String(STATION.number)) }).click();
  await expect(page.getByRole("region", { name: "Selected object" }).getByText("Altitude")).toBeVisible();
  await expect(page).toHaveURL(new RegExp(`object=${STATION.number}`));
  await expect.poll(() => drawnIn(page, "--ink")).toBeGreaterThan(before + 10);
});

test("a conjunction is played around its closest approach", async ({ page, service }) => {
  const answer = await service.get("/api/v1/conjunctions?status=active&relation=false&sort=tca&limit=1");
  const { items } = (await answer.json()) as { items: { id: string }[] };
  await open(page, `/globe/?event=${items[0]?.id}`);
  const panel = page.getByRole("region", { name: "Conjunction" });
  await expect(panel.getByText("To closest approach")).toBeVisible();
  const now = panel.getByText("Distance", { exact: true }).locator("+ div");
  const first = await now.textContent();
  await expect(now).not.toHaveText(first ?? "");
});

test("drawn by SwiftShader, the picture has one sample in each pixel and the page's pixels", async ({ page }) => {
  await open(page, "/globe/");
  const canvas = page.locator("[data-globe] canvas");
  const read = (canvas: HTMLCanvasElement) => {
    const context = canvas.getContext("webgl2");
    const unmasked = context?.getExtension("WEBGL_debug_renderer_info");
    return {
      renderer: String(context?.getParameter(unmasked?.UNMASKED_RENDERER_WEBGL ?? 0)),
      antialias: context?.getContextAttributes()?.antialias,
      alpha: context?.getContextAttributes()?.alpha,
      width: canvas.width - canvas.clientWidth,
    };
  };
  // It has its size when the page is laid out.
  await expect.poll(() => canvas.evaluate(read)).toEqual({ renderer: expect.stringContaining("SwiftShader"), antialias: false, alpha: false, width: 0 });
});
