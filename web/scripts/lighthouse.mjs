// Lighthouse over the served console: npm run lighthouse -- LINK, the link that `make run` printed (it signs in once).
// Fails where accessibility, best practices or performance are below 95; the performance of the globe is not judged, which the processor
// draws here (`npm run frames` measures that). Performance is that of an idle machine only. What is fetched when it is asked for is
// Lighthouse itself: nothing else needs it.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const LIGHTHOUSE = "lighthouse@12.8.2";
const LEAST = 95;
const ATTEMPTS = 3;
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
const event = (await riskiest.json()).items[0];
if (event === undefined) {
  console.error("no conjunction is known yet: wait for the first screening");
  process.exit(1);
}
const paths = [
  "/",
  "/watch-lists/",
  "/conjunctions/",
  `/event/?id=${event.id}`,
  "/globe/",
  "/objects/",
  `/object/?number=${event.objects[0].catalog_number}`,
  "/alerts/",
  "/rules/",
  "/uploads/",
  "/screen/",
  "/feeds/",
  "/operations/",
  "/administration/",
  "/welcome/",
];

const folder = mkdtempSync(join(tmpdir(), "lighthouse-"));

/** What Lighthouse says of a page; undefined where it failed, and said why. */
function judgeOnce(path) {
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
  return run.status === 0 ? JSON.parse(readFileSync(report, "utf8")) : undefined;
}

/**
 * From about:blank, a page with Cross-Origin-Opener-Policy goes to another process, which begins to trace when it is there: now and then
 * after the navigation began, and Lighthouse ends with NO_NAVSTART. That says nothing of the page, which is judged again.
 */
function judge(path) {
  for (let attempt = 1; attempt < ATTEMPTS; attempt += 1) {
    const judged = judgeOnce(path);
    if (judged !== undefined) return judged;
  }
  return judgeOnce(path);
}

let failed = false;
for (const path of paths) {
  const name = path.split("?")[0].padEnd(17);
  const judged = judge(path);
  if (judged === undefined) {
    console.log(`${name} failed`);
    failed = true;
    continue;
  }
  const { categories, audits } = judged;
  const scores = CATEGORIES.map((category) => ({ category, score: Math.round(categories[category].score * 100) }));
  const paint = audits["first-contentful-paint"].displayValue;
  console.log(`${name} ${scores.map(({ category, score }) => `${category} ${score}`).join(", ")}, first paint ${paint}`);
  for (const { id, score, title, scoreDisplayMode, details } of Object.values(audits)) {
    if (score === null || score >= 0.9 || scoreDisplayMode !== "binary") continue;
    console.log(`    ${id}: ${title}`);
    for (const { node } of details?.items ?? []) if (node !== undefined) console.log(`        ${node.snippet}`);
  }
  failed ||= scores.some(({ category, score }) => score < LEAST && (category !== "performance" || path !== "/globe/"));
}
rmSync(folder, { recursive: true });
process.exitCode = failed ? 1 : 0;
