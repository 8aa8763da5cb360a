// Lighthouse over the served console: npm run lighthouse -- LINK, the link that `make run` printed (it signs in once).
// Fails where accessibility, best practices or performance are below 95. It is fetched when it is asked for: nothing else needs it.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const LIGHTHOUSE = "lighthouse@12.8.2";
const LEAST = 95;
const CATEGORIES = ["performance", "accessibility", "best-practices"];

const link = new URL(process.argv[2] ?? "about:blank");
const token = link.searchParams.get("token");
if (token === null) {
  console.error("usage: npm run lighthouse -- http://127.0.0.1:7878/signin?token=...");
  process.exit(2);
}
const answer = await fetch(new URL("/api/v1/session", link), {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ token }),
});
if (!answer.ok) {
  console.error(`signing in: ${answer.status} ${await answer.text()}`);
  process.exit(1);
}
const cookie = answer.headers.getSetCookie().map((one) => one.split(";")[0]).join("; ");
const riskiest = await fetch(new URL("/api/v1/conjunctions?sort=probability&relation=false&limit=1", link), { headers: { cookie } });
const event = (await riskiest.json()).items[0]?.id;

const folder = mkdtempSync(join(tmpdir(), "lighthouse-"));
let failed = false;
for (const path of ["/", "/conjunctions/", `/event/?id=${event}`, "/watch-lists/", "/welcome/"]) {
  const report = join(folder, "report.json");
  const run = spawnSync(
    "npx",
    [
      "--yes",
      LIGHTHOUSE,
      new URL(path, link).href,
      "--quiet",
      "--preset=desktop",
      `--only-categories=${CATEGORIES.join(",")}`,
      "--output=json",
      `--output-path=${report}`,
      `--extra-headers=${JSON.stringify({ Cookie: cookie })}`,
      "--chrome-flags=--headless --no-sandbox --disable-background-networking",
    ],
    { stdio: ["ignore", "inherit", "inherit"], env: { ...process.env, CHROME_PATH: process.env.ASTROSHIELD_CHROMIUM ?? "/usr/bin/chromium" } },
  );
  if (run.status !== 0) process.exit(1);
  const { categories, audits } = JSON.parse(readFileSync(report, "utf8"));
  const scores = CATEGORIES.map((name) => Math.round(categories[name].score * 100));
  const paint = audits["first-contentful-paint"].displayValue;
  console.log(`${path.split("?")[0].padEnd(16)} ${CATEGORIES.map((name, place) => `${name} ${scores[place]}`).join(", ")}, first paint ${paint}`);
  for (const { id, score, title, scoreDisplayMode } of Object.values(audits)) {
    if (score !== null && score < 0.9 && scoreDisplayMode === "binary") console.log(`    ${id}: ${title}`);
  }
  failed ||= scores.some((score) => score < LEAST);
}
process.exitCode = failed ? 1 : 0;
