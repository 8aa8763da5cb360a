import { signInLink } from "./service";
import { expect, test } from "./test";

test.use({ storageState: { cookies: [], origins: [] } });

test("sign-in: a link signs in once, and leaves no token behind", async ({ page, browser, baseURL }) => {
  const link = await signInLink();
  await page.goto(link.href);
  await expect(page).toHaveURL("/welcome/");
  await expect(page.getByRole("link", { name: "To today's page" })).toBeVisible();
  const cookies = await page.context().cookies();
  expect(cookies).toContainEqual(expect.objectContaining({ name: "astroshield_session", httpOnly: true, sameSite: "Strict" }));
  // Nothing that a script could read, or that going back would show.
  const left = await page.evaluate(() => JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }, history.state]));
  expect(left).not.toContain(link.searchParams.get("token"));
  await page.goBack();
  expect(page.url()).not.toContain("token");

  // Another browser, the same link.
  const other = await browser.newContext({ baseURL: baseURL ?? "", storageState: { cookies: [], origins: [] } });
  const stranger = await other.newPage();
  await stranger.goto(link.href);
  await expect(stranger.getByRole("main").getByRole("alert")).toHaveText("Not signed in: the token is used, expired or wrong.");
  await expect(stranger).toHaveURL("/signin/");
  await other.close();
});

test("sign-in: who is not signed in comes back to what they wanted", async ({ page, complaints }) => {
  await page.goto("/feeds/");
  await expect(page).toHaveURL(/\/signin\/\?next=%2Ffeeds%2F$/);
  // The stream was tried, too.
  expect(complaints.splice(0).filter((one) => !/WebSocket connection .* failed/.test(one))).toEqual([]);
  await page.getByLabel("Token of the link").fill((await signInLink()).searchParams.get("token") ?? "");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL("/feeds/");
  await expect(page.getByRole("table", { name: "Feeds" })).toContainText("element sets");

  // No address leads elsewhere.
  for (const next of ["//example.org/", "/\\example.org/", "https://example.org/", "javascript:alert(1)"]) {
    await page.goto(`/signin/?${new URLSearchParams({ next })}`);
    await expect(page).toHaveURL(/^http:\/\/127\.0\.0\.1:\d+\/(welcome\/)?$/);
  }

  // The page listens: what is drawn before that hears no click.
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL("/signin/");
  expect((await page.request.get("/api/v1/session")).status()).toBe(401);
});
