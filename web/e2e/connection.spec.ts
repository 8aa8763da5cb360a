import { setTimeout as sleep } from "node:timers/promises";
import { join } from "node:path";

import { LONGEST_ATTEMPT_MS, place, serving, signInLink, start, stop } from "./service";
import { expect, test } from "./test";

test("lose the connection and get it back", async ({ page, playwright, complaints }) => {
  await page.goto("/watch-lists/");
  await expect(page.getByText("Live", { exact: true })).toBeVisible();

  const before = place();
  await stop(before);
  await expect(page.getByText("Connection lost; trying again")).toBeVisible();
  await expect(page.getByRole("heading", { level: 1, name: "Watch lists" })).toBeVisible();
  await sleep(2_000);
  serving(await start(before, Number(new URL(before.address).port)));

  // Sessions of a service that keeps them in memory end with it: the console says so by itself, and comes back to its page.
  await expect(page).toHaveURL(/\/signin\/\?next=%2Fwatch-lists%2F/, { timeout: LONGEST_ATTEMPT_MS });
  const { address, folder } = place();
  const context = await playwright.request.newContext({ baseURL: address, extraHTTPHeaders: { origin: address } });
  const signedIn = await context.post("/api/v1/session", { data: { token: (await signInLink()).searchParams.get("token") } });
  expect(signedIn.status()).toBe(201);
  // Something happens meanwhile.
  const made = await context.post("/api/v1/watch-lists", { data: { name: "Made meanwhile", objects: [{ catalog_number: 5 }] } });
  expect(made.status(), await made.text()).toBe(201);
  await context.storageState({ path: join(folder, "session.json") });
  await context.dispose();

  await page.getByLabel("Token of the link").fill((await signInLink()).searchParams.get("token") ?? "");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL("/watch-lists/");
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  await expect(page.getByRole("navigation", { name: "Watch lists" })).toContainText("Made meanwhile");

  // The browser itself complains of connections that are refused.
  expect(complaints.filter((one) => !/WebSocket connection|ERR_CONNECTION_REFUSED/.test(one))).toEqual([]);
  complaints.length = 0;
});
