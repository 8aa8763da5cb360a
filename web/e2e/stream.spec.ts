import { execFileSync } from "node:child_process";
import { join } from "node:path";

import type { Page } from "@playwright/test";

import { Line } from "./line";
import { LONGEST_ATTEMPT_MS, place, storeFolder } from "./service";
import { expect, test as base } from "./test";

/** The browser reaches the service by a line that a path can cut. */
const test = base.extend<{ line: Line }>({
  line: async ({}, give) => {
    const line = await Line.to(place().address);
    await give(line);
    line.close();
  },
  // What happens meanwhile does not come by that line.
  context: async ({ browser, line }, give) => {
    const context = await browser.newContext({ proxy: { server: line.address } });
    await give(context);
    await context.close();
  },
});

/** After the line is mended the page waits until its next trial. */
async function live(page: Page): Promise<void> {
  await expect(page.getByText("Live", { exact: true })).toBeVisible({ timeout: LONGEST_ATTEMPT_MS });
}

interface Told {
  subscribed?: string[];
  position: number;
  reset?: boolean;
  event?: { payload: { type: string } };
}

/** What becomes old within this time is read once (`GATHERED_MS` of src/api/changed.ts), in seconds. */
const GATHERED_S = 0.5;

/** When the browser hears of uploads, in seconds by a clock of its own: ours may be late. */
async function uploadsHeard(page: Page): Promise<number[]> {
  const heard: number[] = [];
  const browser = await page.context().newCDPSession(page);
  browser.on("Network.webSocketFrameReceived", ({ timestamp, response }) => {
    if (response.payloadData.includes('"upload_stored"')) heard.push(timestamp);
  });
  await browser.send("Network.enable");
  return heard;
}

/** What each WebSocket of a page says and hears. */
function overhear(page: Page): { asked: { after?: number }[]; told: Told[] }[] {
  const sockets: { asked: { after?: number }[]; told: Told[] }[] = [];
  page.on("websocket", (socket) => {
    const heard: (typeof sockets)[number] = { asked: [], told: [] };
    sockets.push(heard);
    socket.on("framesent", ({ payload }) => heard.asked.push(JSON.parse(String(payload))));
    socket.on("framereceived", ({ payload }) => heard.told.push(JSON.parse(String(payload))));
  });
  return sockets;
}

/** Waits until so many events of uploads after a position are sequenced, and does something up to the last one, whose position it returns. */
function ofUploads(after: number, count: number, then = ""): number {
  const script = `
import sqlite3, sys, time
path, after, count, then = sys.argv[1:]
db = sqlite3.connect(path, timeout=30)
found = "SELECT count(*), max(position) FROM events WHERE position > ? AND body LIKE '%upload_stored%'"
until = time.monotonic() + 60
while (row := db.execute(found, [int(after)]).fetchone())[0] < int(count):
    if time.monotonic() > until:
        sys.exit(f"{row[0]} events of uploads after {after}")
    time.sleep(0.05)
if then:
    db.execute(then, [row[1]])
    db.commit()
print(row[1])`;
  return Number(execFileSync("python3", ["-c", script, join(storeFolder(place()), "astroshield.db"), String(after), String(count), then], { encoding: "utf8" }));
}

/** What the browser says of a line that is cut. */
const lost = (complaint: string) => /WebSocket connection .* failed/.test(complaint);

test("the line is cut for a while: what was missed is told then, and nothing else is read anew", async ({ page, line, service, complaints }) => {
  const sockets = overhear(page);
  const heard = await uploadsHeard(page);
  await page.goto("/uploads/");
  await expect(page.getByText("Live", { exact: true })).toBeVisible();

  line.cut();
  await expect(page.getByText("Connection lost; trying again")).toBeVisible();
  const missed = [1, 2].map((number) => `missed-${test.info().repeatEachIndex}-${number}.oem`);
  for (const name of missed) {
    expect((await service.post("/api/v1/uploads", { params: { name }, data: "no ephemeris" })).status()).toBe(422);
  }
  const seen = sockets.flatMap(({ told }) => told).at(-1)?.position;
  // One that was sequenced later would be told by itself, and have the uploads read once more.
  ofUploads(seen ?? 0, 2);
  const read: string[] = [];
  page.on("request", (request) => read.push(new URL(request.url()).pathname));
  line.mend();

  await live(page);
  const uploads = page.getByRole("table", { name: "Uploads" });
  for (const name of missed) await expect(uploads).toContainText(name);
  // It went on after the last position that it had, and both events came.
  const { asked, told } = sockets.at(-1) ?? { asked: [], told: [] };
  expect(asked[0]).toMatchObject({ after: seen });
  expect(told[0]).toMatchObject({ reset: false });
  await expect.poll(() => told.filter(({ event }) => event?.payload.type === "upload_stored").length).toBe(2);
  // One reading serves both, unless they came too far apart.
  await expect.poll(() => heard.length).toBe(2);
  const [first = 0, second = 0] = heard;
  const readings = second - first > GATHERED_S ? [1, 2] : [1];
  expect(readings).toContain(read.filter((path) => path === "/api/v1/uploads").length);
  expect(read).not.toContain("/api/v1/feeds");
  expect(complaints.filter((one) => !lost(one))).toEqual([]);
  complaints.length = 0;
});

/**
 * Forgets the oldest events up to that of an upload, which comes after a position, as the service does of those that are old
 * enough (`data.keep_events_days`). The position of the last one is returned.
 */
function forgetEvents(after: number): number {
  return ofUploads(after, 1, "DELETE FROM events WHERE position <= ?");
}

test("the line is cut for so long that events are forgotten: everything is read anew", async ({ page, line, service, complaints }) => {
  const sockets = overhear(page);
  await page.goto("/uploads/");
  await expect(page.getByText("Live", { exact: true })).toBeVisible();

  line.cut();
  await expect(page.getByText("Connection lost; trying again")).toBeVisible();
  const name = `forgotten-${test.info().repeatEachIndex}.oem`;
  expect((await service.post("/api/v1/uploads", { params: { name }, data: "no ephemeris" })).status()).toBe(422);
  const forgotten = forgetEvents(sockets.flatMap(({ told }) => told).at(-1)?.position ?? 0);
  line.mend();

  await live(page);
  await expect(page.getByRole("table", { name: "Uploads" })).toContainText(name);
  const { told } = sockets.at(-1) ?? { told: [] };
  expect(told[0]).toMatchObject({ reset: true });
  // Nothing of what was forgotten is told, the upload neither.
  expect(told.filter(({ event, position }) => event !== undefined && position <= forgotten)).toEqual([]);
  expect(complaints.filter((one) => !lost(one))).toEqual([]);
  complaints.length = 0;
});
