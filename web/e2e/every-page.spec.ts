import AxeBuilder from "@axe-core/playwright";

import { pages } from "./pages";
import { expect, test } from "./test";

for (const scheme of ["light", "dark"] as const) {
  test.describe(scheme, () => {
    test.use({ colorScheme: scheme });

    test(`every page, ${scheme}: axe finds nothing, and nothing comes from another host or is refused`, async ({ page, service, complaints }) => {
      test.setTimeout(900_000);
      for (const { name, path } of await pages(service)) {
        await test.step(name, async () => {
          await page.goto(path);
          await expect(page.getByRole("main")).toBeVisible();
          await page.waitForLoadState("networkidle", { timeout: 30_000 }).catch(() => undefined);
          await expect(page.locator("html")).toHaveAttribute("data-theme", scheme);
          const { violations } = await new AxeBuilder({ page }).analyze();
          const found = violations.map(({ id, nodes }) => ({ id, nodes: nodes.slice(0, 5).map(({ html, failureSummary }) => ({ html, failureSummary })) }));
          expect.soft(found, path).toEqual([]);
          expect.soft(complaints.splice(0), path).toEqual([]);
        });
      }
    });
  });
}

test("the page to sign in: axe finds nothing", async ({ browser, baseURL }) => {
  for (const colorScheme of ["light", "dark"] as const) {
    const context = await browser.newContext({ baseURL: baseURL ?? "", colorScheme, storageState: { cookies: [], origins: [] } });
    const page = await context.newPage();
    await page.goto("/signin/");
    await expect(page.getByLabel("Token of the link")).toBeVisible();
    expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
    await context.close();
  }
});

test("each page is served with a policy that lets nothing else run", async ({ page, service, complaints }) => {
  for (const { path } of await pages(service)) {
    const answer = await service.get(path);
    const html = await answer.text();
    const policy = /<meta http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(html)?.[1] ?? "";
    expect(policy, path).toContain("default-src 'none'");
    expect(policy, path).not.toMatch(/script-src[^;]*'unsafe-inline'/);
    expect(answer.headers()["content-security-policy"], path).toContain("frame-ancestors 'none'");
    expect(answer.headers()["x-content-type-options"], path).toBe("nosniff");
  }
  // What is not in the policy does not run.
  await page.goto("/");
  const ran = await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "document.documentElement.dataset.injected = 'yes'";
    document.head.append(script);
    return document.documentElement.dataset["injected"] ?? "no";
  });
  expect(ran).toBe("no");
  // The browser tells of it by itself, which may be after it has answered.
  await expect.poll(() => complaints).toEqual([expect.stringContaining("Content Security Policy")]);
  complaints.length = 0;
});
