import AxeBuilder from "@axe-core/playwright";
import type { Locator, Page } from "@playwright/test";

import { expect, signInAtProvider, test, theEvent } from "./organizations";

test("sign-in at the identity provider, and out of both", async ({ page, complaints, organizations: { issuer } }) => {
  await issuer.account("ada", { groups: ["astroshield:local:operator", "staff"] });
  await page.goto("/rules/");
  await expect(page).toHaveURL("/signin/?next=%2Frules%2F");
  // The stream was tried, too.
  expect(complaints.splice(0).filter((one) => !/WebSocket connection .* failed/.test(one))).toEqual([]);
  await expect(page.getByLabel("Token of the link")).toHaveCount(0);
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
  await page.getByRole("link", { name: "Sign in" }).click();
  await signInAtProvider(page, issuer, "ada");

  // Back on the page that was wanted, as who she is there.
  await expect(page).toHaveURL("/rules/");
  await expect(page.getByRole("heading", { level: 1, name: "Alert rules" })).toBeVisible();
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  await expect(page.getByRole("button", { name: "Sign out" })).toHaveAttribute("data-tip", "Sign out ada@example.org");
  expect(await page.context().cookies()).toContainEqual(expect.objectContaining({ name: "astroshield_session", httpOnly: true, sameSite: "Strict" }));

  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL((url) => url.origin === issuer.address);
  await page.getByRole("button", { name: /^Yes/ }).click();
  await expect(page).toHaveURL("/signin/");
  await expect(page.getByRole("link", { name: "Sign in" })).toBeVisible();
  expect((await page.request.get("/api/v1/session")).status()).toBe(401);
  // The provider has forgotten her, too: it asks again who it is.
  await page.getByRole("link", { name: "Sign in" }).click();
  await expect(page.getByRole("button", { name: "Sign-in" })).toBeVisible();
});

test("who belongs to no organization is told so, wherever they go, and can sign out", async ({ enter, complaints, organizations: { issuer } }) => {
  await issuer.account("nina", { groups: ["staff"] });
  const { page } = await enter("nina", "/conjunctions/");
  await expect(page).toHaveURL("/signin/?next=%2Fconjunctions%2F");
  const told = page.getByText("You are signed in, and a member of no organization here: ask its administrator.");
  await expect(told).toBeVisible();
  await expect(page.getByText("No invitation waits for you.")).toBeVisible();
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
  await page.goto("/event/");
  await expect(page).toHaveURL(/\/signin\/\?next=/);
  await expect(told).toBeVisible();

  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("button", { name: /^Yes/ }).click();
  await expect(page).toHaveURL("/signin/");
  await expect(page.getByRole("link", { name: "Sign in" })).toBeVisible();
  await expect(told).toBeHidden();
  // The stream was tried, too.
  expect(complaints.splice(0).filter((one) => !/WebSocket connection .* failed/.test(one))).toEqual([]);
});

/** What writes, page by page. */
function writing(event: string, object: number): { path: string; parts: (main: Locator) => Locator[]; instead?: string }[] {
  const buttons = (...names: (string | RegExp)[]) => (main: Locator) => names.map((name) => main.getByRole("button", { name }));
  return [
    { path: "/", parts: (main) => [main.getByRole("link", { name: "Make a watch list" })] },
    { path: "/watch-lists/", parts: buttons("New list") },
    { path: "/rules/", parts: buttons("New rule", "Edit Everything", "Remove Everything") },
    { path: "/alerts/", parts: buttons("Acknowledge", "Mute", "Resolve"), instead: "Your role does not let you answer alerts." },
    { path: `/event/?id=${event}`, parts: buttons("Acknowledge", "Assign", "Decide", /^Note$/) },
    { path: `/object/?number=${object}`, parts: buttons("Watch") },
    { path: "/uploads/", parts: (main) => [main.getByText("Drop files here")], instead: "Your role does not let you upload files." },
    { path: "/screen/", parts: buttons("Screen"), instead: "Your role does not let you screen." },
    { path: "/administration/?part=members", parts: buttons("Invite"), instead: "Only administrators (scope admin) may see members" },
    { path: "/administration/?part=keys", parts: buttons("Make a key"), instead: "Only administrators (scope admin) may see API keys" },
    { path: "/administration/?part=webhooks", parts: buttons("Make a webhook"), instead: "Making and changing them needs the scope write." },
    { path: "/administration/?part=audit", parts: buttons("As CSV"), instead: "Only administrators (scope admin) may see the audit log" },
    { path: "/administration/?part=organization", parts: buttons("Rename", "Make an export"), instead: "Only administrators (scope admin) may see exports and backups" },
  ];
}

/** Opens the alert that stands first, on the page of alerts. */
async function openAlert(page: Page): Promise<void> {
  if (new URL(page.url()).pathname === "/alerts/") await page.getByRole("main").getByRole("list").getByRole("button").first().click();
}

test("an administrator sees what writes; a viewer sees all the rest, and why not that", async ({ enter, organizations: { issuer } }) => {
  test.setTimeout(600_000);
  await issuer.account("olga", { groups: ["astroshield:local:administrator"] });
  await issuer.account("victor", { groups: ["astroshield:local:viewer"] });
  const olga = await enter("olga");
  const event = await theEvent(olga.service);
  const rule = { name: "Everything", severity: "warning", relations: true };
  const made = await olga.service.post("/api/v1/rules", { data: rule });
  expect(made.status(), await made.text()).toBe(201);
  const cdm = await olga.service.get(`/api/v1/conjunctions/${event.id}/cdm`, { params: { format: "kvn" } });
  expect((await olga.service.post("/api/v1/uploads", { params: { name: "event.cdm" }, data: await cdm.text() })).status()).toBe(201);
  await expect.poll(async () => ((await (await olga.service.get("/api/v1/alerts")).json()) as { items: unknown[] }).items.length).toBeGreaterThan(0);
  const victor = await enter("victor");

  for (const { path, parts, instead } of writing(event.id, event.objects[0]?.catalog_number ?? 0)) {
    await test.step(path, async () => {
      await Promise.all([olga.page, victor.page].map((page) => page.goto(path)));
      await Promise.all([openAlert(olga.page), openAlert(victor.page)]);
      for (const part of parts(olga.page.getByRole("main"))) await expect(part.first(), path).toBeVisible();

      const main = victor.page.getByRole("main");
      await victor.page.waitForLoadState("networkidle");
      if (instead !== undefined) await expect(main).toContainText(instead);
      for (const part of parts(main)) await expect(part, path).toHaveCount(0);
    });
  }
  expect((await new AxeBuilder({ page: victor.page }).analyze()).violations).toEqual([]);
});

test("who belongs to two organizations works in one at a time", async ({ enter, playwright, organizations: { issuer, tenant, at } }) => {
  tenant("create", "lunar-ops", "Lunar Operations");
  const key = tenant("key", "lunar-ops", "of the paths", "--scope", "write").trim().split(/\s+/).at(-1) ?? "";
  await issuer.account("tom", { groups: ["astroshield:local:viewer", "astroshield:lunar-ops:administrator"] });
  const { page } = await enter("tom", "/administration/");
  const you = page.getByRole("main");
  const lists = page.getByRole("navigation", { name: "Watch lists" });
  await expect(you).toContainText("local");
  await you.getByRole("button", { name: "Work in lunar-ops" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Today" })).toBeVisible();
  await page.goto("/administration/");
  await expect(you.getByRole("button", { name: "Work in local" })).toBeVisible();
  await expect(you.getByRole("listitem").filter({ hasText: "lunar-ops" })).toContainText("you work here");

  // He is an administrator there, and hears of what happens there.
  await page.getByRole("link", { name: "Uploads" }).click();
  await expect(page.getByText("Drop files here")).toBeVisible();
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  const robot = await playwright.request.newContext({ baseURL: at.address, extraHTTPHeaders: { authorization: `Bearer ${key}` } });
  expect((await robot.post("/api/v1/uploads", { params: { name: "lunar.oem" }, data: "no ephemeris" })).status()).toBe(422);
  await expect(page.getByRole("table", { name: "Uploads" })).toContainText("lunar.oem");
  expect((await robot.post("/api/v1/watch-lists", { data: { name: "Lunar orbiters", objects: [{ catalog_number: 5 }] } })).status()).toBe(201);
  await robot.dispose();
  await page.goto("/watch-lists/");
  await expect(lists).toContainText("Lunar orbiters");

  // The other one is as it was.
  await page.goto("/administration/");
  await you.getByRole("button", { name: "Work in local" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Today" })).toBeVisible();
  await page.goto("/administration/");
  await expect(you.getByRole("button", { name: "Work in lunar-ops" })).toBeVisible();
  await page.goto("/watch-lists/");
  await expect(page.getByRole("heading", { level: 1, name: "Watch lists" })).toBeVisible();
  await expect(page.getByText("No watch list yet")).toBeVisible();
  await page.goto("/uploads/");
  await expect(page.getByText("Your role does not let you upload files.")).toBeVisible();
  await expect(page.getByRole("main")).not.toContainText("lunar.oem");
});
