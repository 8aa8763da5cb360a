import AxeBuilder from "@axe-core/playwright";
import type { APIRequestContext, Page } from "@playwright/test";

import { expect, test, theEvent } from "./organizations";
import { isSigned, Receiver } from "./receiver";

/** What the page of the audit log shows of some actions (on a target), the newest first, once it shows just these. */
async function audited(page: Page, action: string, expected: readonly string[], on?: string): Promise<{ by: string; what: string; target: string }[]> {
  await page.goto("/administration/?part=audit");
  await page.getByLabel("What (“webhook.”: all of webhooks)").fill(action);
  await page.keyboard.press("Enter");
  const rows = page.getByRole("table", { name: "Audit log" }).getByRole("row");
  await expect(page).toHaveURL(new RegExp(`action=${action.replaceAll(".", "\\.")}`));
  const read = async () => {
    const shown = await rows.evaluateAll((all) => all.slice(1).map((row) => [...row.querySelectorAll("td")].map(({ textContent }) => textContent ?? "")));
    return shown.map(([, by = "", what = "", target = ""]) => ({ by, what, target })).filter(({ target }) => on === undefined || target === on);
  };
  // The rows of before stand there until the filter is drawn.
  await expect.poll(async () => (await read()).map(({ what }) => what)).toEqual(expected);
  return read();
}

/** A stream that has something to tell looks first whether it still may. */
async function somethingHappens(service: APIRequestContext): Promise<void> {
  expect((await service.post("/api/v1/uploads", { params: { name: "something.oem" }, data: "no ephemeris" })).status()).toBe(422);
}

test("members: invite somebody, give them another role, and remove them", async ({ enter, complaints, organizations: { issuer } }) => {
  await issuer.account("mia", { groups: ["astroshield:local:administrator"] });
  await issuer.account("bob");
  const { page, service } = await enter("mia", "/administration/?part=members");
  const members = page.getByRole("table", { name: "Members" });
  await page.getByLabel("Address, as the provider has verified it").fill("Bob@example.org");
  await page.getByRole("button", { name: "Invite" }).click();
  await expect(page.getByText("Bob@example.org is invited.")).toBeVisible();
  await expect(members.getByRole("row", { name: /bob@example\.org/ })).toContainText("invited");

  const bob = await enter("bob");
  await expect(bob.page.getByText("You are signed in, and a member of no organization here")).toBeVisible();
  const invitations = bob.page.getByRole("list", { name: "Invitations" });
  await expect(invitations).toContainText("as viewer");
  await bob.page.getByRole("button", { name: /^Accept the invitation of / }).click();
  await expect(bob.page).toHaveURL("/alerts/");
  await expect(bob.page.getByText("Live", { exact: true })).toBeVisible();

  await page.reload();
  const row = members.getByRole("row", { name: /bob@example\.org/ });
  await expect(row).toContainText(/member/);
  await expect(row).not.toContainText("invited");
  await bob.page.goto("/watch-lists/");
  await expect(bob.page.getByText("No watch list yet")).toBeVisible();
  await expect(bob.page.getByRole("button", { name: "New list" })).toHaveCount(0);
  await page.getByLabel("Role of bob@example.org").selectOption("operator");
  // His page is told that he may do more, and loads nothing anew.
  await bob.page.evaluate(() => Object.assign(window, { same: true }));
  await expect(async () => {
    await somethingHappens(service);
    await expect(bob.page.getByRole("button", { name: "New list" })).toBeVisible({ timeout: 1_000 });
  }).toPass();
  expect(await bob.page.evaluate(() => "same" in window)).toBe(true);

  await page.getByRole("button", { name: "Remove bob@example.org" }).click();
  await expect(page.getByRole("dialog")).toContainText("They see nothing of this organization any more.");
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await expect(row).toHaveCount(0);
  await expect(async () => {
    await somethingHappens(service);
    await expect(bob.page).toHaveURL(/\/signin\//, { timeout: 1_000 });
  }).toPass();
  await expect(bob.page.getByText("You are signed in, and a member of no organization here")).toBeVisible();

  // His browser says that the stream was refused.
  expect(complaints.splice(0).filter((one) => !/WebSocket connection .* failed/.test(one))).toEqual([]);

  const lines = await audited(page, "member.", ["member.remove", "member.operator", "member.accept", "member.invite"]);
  expect(lines.map(({ by }) => by)).toEqual(["mia@example.org", "mia@example.org", "bob@example.org", "mia@example.org"]);
});

test("organizations: make one, see it with its first administrator, and remove it", async ({ enter, complaints, organizations: { issuer } }) => {
  await issuer.account("lea", { groups: ["astroshield:local:administrator"] });
  await issuer.account("otto");
  const { page, service } = await enter("lea", "/administration/?part=organizations");
  const organizations = page.getByRole("table", { name: "Organizations" });
  // The platform's own stays.
  await expect(organizations.getByRole("row", { name: /^local / })).toContainText("open");
  await expect(organizations.getByRole("button")).toHaveCount(0);

  await page.getByLabel("Identity (a-z, 0-9, -)").fill("deep-space");
  await page.getByLabel("Name", { exact: true }).fill("Deep Space");
  await page.getByLabel("Address of its first administrator (may be empty)").fill("Otto@example.org");
  await page.getByRole("button", { name: "Make it" }).click();
  await expect(page.getByText("deep-space is made, and Otto@example.org is invited.")).toBeVisible();
  const row = organizations.getByRole("row", { name: /^deep-space / });
  await expect(row).toContainText("Deep Space");
  await expect(row).toContainText("open");
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);

  // Its first administrator accepts, and administers it, and not the installation.
  const otto = await enter("otto");
  await otto.page.getByRole("button", { name: "Accept the invitation of Deep Space" }).click();
  await expect(otto.page).toHaveURL("/alerts/");
  await otto.page.goto("/administration/?part=members");
  await expect(otto.page.getByRole("table", { name: "Members" }).getByRole("row", { name: /otto@example\.org/ })).toContainText("member");
  const parts = otto.page.getByRole("navigation", { name: "Parts of administration" });
  await expect(parts.getByRole("link", { name: "Organization", exact: true })).toBeVisible();
  await expect(parts.getByRole("link", { name: "Organizations" })).toHaveCount(0);

  await page.getByRole("button", { name: "Remove deep-space" }).click();
  const dialog = page.getByRole("dialog");
  const remove = dialog.getByRole("button", { name: "Remove everything" });
  await dialog.getByLabel("To confirm, type deep-space").fill("deep");
  await expect(remove).toBeDisabled();
  await dialog.getByLabel("To confirm, type deep-space").fill("deep-space");
  await remove.click();
  await expect(dialog).toBeHidden();
  // It is erased some time later, and listed until then.
  await expect(page.getByRole("button", { name: "Remove deep-space" })).toHaveCount(0);
  await page.reload();
  await expect(organizations.getByRole("row", { name: /^local / })).toBeVisible();
  await expect(page.getByRole("button", { name: "Remove deep-space" })).toHaveCount(0);
  const listed = await service.get("/api/v1/organizations");
  const { items } = (await listed.json()) as { items: { tenant: string; closed: string | null }[] };
  expect(items.filter(({ tenant, closed }) => tenant === "deep-space" && closed === null)).toEqual([]);
  // Nobody is in it any more.
  expect((await otto.service.get("/api/v1/organization")).status()).toBe(403);
  await otto.page.goto("/watch-lists/");
  await expect(otto.page.getByText("You are signed in, and a member of no organization here")).toBeVisible();
  // His browser says that the stream was refused.
  expect(complaints.splice(0).filter((one) => !/WebSocket connection .* failed/.test(one))).toEqual([]);

  const lines = await audited(page, "organization.", ["organization.remove", "organization.create"], "deep-space");
  expect(lines.map(({ what, by }) => [what, by])).toEqual([
    ["organization.remove", "lea@example.org"],
    ["organization.create", "lea@example.org"],
  ]);
});

test("an API key is shown once, is good for requests, and is refused when it is revoked", async ({ enter, playwright, organizations: { issuer, at } }) => {
  await issuer.account("kim", { groups: ["astroshield:local:administrator"] });
  const { page } = await enter("kim", "/administration/?part=keys");
  await page.getByLabel("What it is for").fill("nightly script");
  await page.getByLabel("Scope").selectOption("read");
  await page.getByRole("button", { name: "Make a key" }).click();
  const dialog = page.getByRole("dialog", { name: "The new API key" });
  const key = await dialog.getByLabel("The new API key").inputValue();
  expect(key).toMatch(/^ask_/);
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
  await dialog.getByRole("button", { name: "I have kept it" }).click();
  await expect(dialog).toBeHidden();
  const row = page.getByRole("table", { name: "API keys" }).getByRole("row", { name: /nightly script/ });
  await expect(row).toContainText("in use");
  await page.reload();
  await expect(row).toBeVisible();
  expect(await page.content()).not.toContain(key);

  const script = await playwright.request.newContext({ baseURL: at.address, extraHTTPHeaders: { authorization: `Bearer ${key}` } });
  expect((await script.get("/api/v1/conjunctions")).status()).toBe(200);
  expect((await script.post("/api/v1/watch-lists", { data: { name: "no", objects: [] } })).status()).toBe(403);
  await page.getByRole("button", { name: "Revoke nightly script" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await expect(row).toContainText("revoked");
  expect((await script.get("/api/v1/conjunctions")).status()).toBe(401);
  await script.dispose();

  const lines = await audited(page, "api_key.", ["api_key.revoke", "api_key.create"]);
  expect(new Set(lines.map(({ target }) => target)).size).toBe(1);
});

test("a webhook gets what its rule says, signed with the secret that was shown", async ({ enter, organizations: { issuer } }) => {
  await issuer.account("wim", { groups: ["astroshield:local:administrator"] });
  const receiver = await Receiver.start(issuer.folder);
  const { page, service } = await enter("wim", "/administration/?part=webhooks");
  const event = await theEvent(service);
  await page.getByLabel("Name").fill("Operations room");
  await page.getByLabel("Address (https:)").fill(receiver.url.replace("https:", "http:"));
  await page.getByRole("button", { name: "Make a webhook" }).click();
  await expect(page.getByRole("main").getByRole("alert")).toContainText("https is due");
  await page.getByLabel("Address (https:)").fill(receiver.url);
  await page.getByRole("button", { name: "Make a webhook" }).click();
  const dialog = page.getByRole("dialog", { name: "The secret of the webhook" });
  const secret = await dialog.getByLabel("The secret of the webhook").inputValue();
  expect(secret).toMatch(/^whsec_/);
  await dialog.getByRole("button", { name: "I have kept it" }).click();
  await expect(page.getByRole("table", { name: "Webhooks" })).toContainText("Operations room");

  await page.goto("/rules/?new");
  await page.getByLabel("Name").fill("Tell the room");
  await page.getByLabel("Severity").selectOption("critical");
  await page.getByLabel("Add a webhook").first().selectOption("Operations room");
  await page.getByRole("button", { name: "Make the rule" }).click();
  await expect(page.getByRole("listitem", { name: "Tell the room" })).toContainText("Operations room");

  await page.goto("/alerts/");
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  const cdm = await service.get(`/api/v1/conjunctions/${event.id}/cdm`, { params: { format: "kvn" } });
  expect((await service.post("/api/v1/uploads", { params: { name: "event.cdm" }, data: await cdm.text() })).status()).toBe(201);
  await expect.poll(() => receiver.messages.length).toBe(1);
  const [message] = receiver.messages;
  if (message === undefined) throw new Error("no message");
  expect(isSigned(message, secret)).toBe(true);
  expect(isSigned({ ...message, body: `${message.body} ` }, secret)).toBe(false);
  for (const { catalog_number: number } of event.objects) expect(message.body).toContain(String(number));

  // The page of the alert says that it was told.
  await page.getByRole("main").getByRole("button", { name: new RegExp(`\\[${event.objects[0]?.catalog_number}\\]`) }).first().click();
  const messages = page.getByRole("table", { name: "Messages" });
  await expect(messages.getByRole("row", { name: /Operations room/ })).toContainText("delivered");

  // A rule names it: it cannot go. Turned off, it can be seen to be.
  await page.goto("/administration/?part=webhooks");
  await page.getByRole("button", { name: "Remove Operations room" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await expect(page.getByRole("dialog").getByRole("alert")).toBeVisible();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("button", { name: "New secret for Operations room" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Make a new secret" }).click();
  const second = await dialog.getByLabel("The secret of the webhook").inputValue();
  expect(second).not.toBe(secret);
  await dialog.getByRole("button", { name: "I have kept it" }).click();
  await page.getByRole("button", { name: "Turn off Operations room" }).click();
  await expect(page.getByRole("button", { name: "Turn on Operations room" })).toBeVisible();
  receiver.stop();

  await audited(page, "webhook.", ["webhook.replace", "webhook.rotate", "webhook.create"]);
});
