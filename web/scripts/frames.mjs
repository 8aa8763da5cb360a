// How fast the globe is drawn in software: npm run frames -- LINK, the link that `make run` printed (it signs in once).
// Chromium, without a graphics processor and at the size of a laptop, opens /globe/?fps, and its figure is read each second.
// It measures the machine as well: nothing else should run on it.
import { chromium } from "@playwright/test";

const SECONDS = 20;
const SETTLED_MS = 8_000;

const link = new URL(process.argv[2] ?? "about:blank");
if (!link.searchParams.has("token")) {
  console.error("usage: npm run frames -- http://127.0.0.1:7878/signin?token=...");
  process.exit(2);
}
const browser = await chromium.launch({
  executablePath: process.env.ASTROSHIELD_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-background-networking", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
});
try {
  const context = await browser.newContext({ baseURL: link.origin, viewport: { width: 1366, height: 768 }, extraHTTPHeaders: { origin: link.origin } });
  const answer = await context.request.post("/api/v1/session", { data: { token: link.searchParams.get("token") } });
  if (!answer.ok()) throw new Error(`signing in: ${answer.status()} ${await answer.text()}`);
  const page = await context.newPage();
  await page.goto("/globe/?fps");
  const globe = page.getByRole("application", { name: /^Globe with [\d,]+ of/ });
  await globe.waitFor({ timeout: 120_000 });
  await page.waitForTimeout(SETTLED_MS);
  const rates = [];
  for (let second = 0; second < SECONDS; second += 1) {
    await page.waitForTimeout(1_000);
    rates.push(Number.parseFloat((await globe.locator("output").textContent()) ?? ""));
  }
  rates.sort((one, other) => one - other);
  const [objects] = /[\d,]+ objects/.exec((await globe.getAttribute("aria-label")) ?? "") ?? ["?"];
  console.log(`${objects}: ${rates[SECONDS / 2]} frames/s, ${rates[0]} to ${rates[SECONDS - 1]}`);
} finally {
  await browser.close();
}
