// How fast the globe is drawn in software: npm run frames -- LINK, the link that `make run` printed (it signs in once).
// Chromium, without a graphics processor and at the size of a laptop, opens /globe/?fps, and its figure is read each second.
// Frames in a second are those of an idle machine only; the processor time of a picture hardly depends on what else runs.
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
const system = await browser.newBrowserCDPSession();
/** Processor time of all processes of the browser so far, in ms. */
async function processorMs() {
  const { processInfo } = await system.send("SystemInfo.getProcessInfo");
  return processInfo.reduce((sum, { cpuTime }) => sum + cpuTime * 1_000, 0);
}
try {
  const context = await browser.newContext({ baseURL: link.origin, viewport: { width: 1366, height: 768 }, extraHTTPHeaders: { origin: link.origin } });
  const answer = await context.request.post("/api/v1/session", { data: { token: link.searchParams.get("token") } });
  if (!answer.ok()) throw new Error(`signing in: ${answer.status()} ${await answer.text()}`);
  const page = await context.newPage();
  await page.goto("/globe/?fps");
  const globe = page.getByRole("application", { name: /^Globe with [\d,]+ of/ });
  await globe.waitFor({ timeout: 120_000 });
  await page.waitForTimeout(SETTLED_MS);
  await page.evaluate(() => {
    globalThis.pictures = 0;
    const count = () => {
      globalThis.pictures += 1;
      requestAnimationFrame(count);
    };
    count();
  });
  const began = await processorMs();
  const rates = [];
  for (let second = 0; second < SECONDS; second += 1) {
    await page.waitForTimeout(1_000);
    rates.push(Number.parseFloat((await globe.locator("output").textContent()) ?? ""));
  }
  const pictureMs = ((await processorMs()) - began) / (await page.evaluate(() => globalThis.pictures));
  rates.sort((one, other) => one - other);
  const [objects] = /[\d,]+ objects/.exec((await globe.getAttribute("aria-label")) ?? "") ?? ["?"];
  console.log(`${objects}: ${rates[SECONDS / 2]} frames/s, ${rates[0]} to ${rates[SECONDS - 1]}; ${pictureMs.toFixed(0)} ms of processor time for a picture`);
} finally {
  await browser.close();
}
