import type { Locator, Page } from "@playwright/test";

import { STATION } from "./catalog";
import { riskiest } from "./pages";
import { expect, test } from "./test";

/** An ephemeris with a time in line 14 that is none. */
const BAD_OEM = `CCSDS_OEM_VERS = 2.0
CREATION_DATE = 2026-11-29T00:00:00
ORIGINATOR = TEST
META_START
OBJECT_NAME = ISS (ZARYA)
OBJECT_ID = 1998-067A
CENTER_NAME = EARTH
REF_FRAME = EME2000
TIME_SYSTEM = UTC
START_TIME = 2026-11-29T00:00:00
STOP_TIME = 2026-11-29T00:03:00
META_STOP
2026-11-29T00:00:00 6778.0 0.0 0.0 0.0 4.8 5.9
2026-11-29T25:01:00 6770.0 288.0 354.0 -0.5 4.8 5.9
2026-11-29T00:02:00 6700.0 570.0 700.0 -1.0 4.7 5.8
`;

test("upload a bad ephemeris, and read what is wrong with it", async ({ page, service }) => {
  await page.goto("/uploads/");
  await page.locator('input[type="file"]').setInputFiles({ name: "bad.oem", mimeType: "text/plain", buffer: Buffer.from(BAD_OEM) });
  const main = page.getByRole("main");
  await expect(main).toContainText(/line 14/i);
  await expect(main).toContainText('EPOCH: not a time: "2026-11-29T25:01:00"');
  // Nothing of it is used.
  const { items } = (await (await service.get("/api/v1/uploads")).json()) as { items: { name: string; state: string }[] };
  expect(items.find(({ name }) => name === "bad.oem")).toMatchObject({ state: "rejected" });
});

/** A file as somebody gives it on the page, and what the page says of it. */
async function give(page: Page, name: string, text: string): Promise<Locator> {
  await page.locator('input[type="file"]').setInputFiles({ name, mimeType: "text/plain", buffer: Buffer.from(text) });
  return page.getByRole("listitem", { name });
}

const OPM = `CCSDS_OPM_VERS = 2.0
CREATION_DATE = 2026-11-29T00:00:00
ORIGINATOR = TEST
OBJECT_NAME = ISS (ZARYA)
OBJECT_ID = 1998-067A
CENTER_NAME = EARTH
REF_FRAME = EME2000
TIME_SYSTEM = UTC
EPOCH = 2026-11-29T00:00:00
X = 6778.0
Y = 0.0
Z = 0.0
X_DOT = 0.0
Y_DOT = 4.8
Z_DOT = 5.9
`;

test("upload element sets, an ephemeris and a state, and see what becomes of them", async ({ page, service }) => {
  const number = STATION.number;
  const day = 86_400_000;
  const [start, stop] = [new Date(Date.now() - day / 24).toISOString(), new Date(Date.now() + day).toISOString()];
  const oem = await (await service.get(`/api/v1/objects/${number}/ephemeris`, { params: { format: "oem_kvn", start, stop } })).text();
  const omm = await (await service.get(`/api/v1/objects/${number}/element-sets`, { params: { format: "omm_kvn", limit: "1" } })).text();
  await page.goto("/uploads/");
  const given = await give(page, "state.opm", OPM);
  await expect(given).toContainText("Accepted");
  await expect(given).toContainText("an OPM is kept, but not screened");
  await expect(given).toContainText("OPM: 1 record is kept.");

  const elements = await give(page, "station.omm", omm.replace(/^OBJECT_NAME *=.*$/m, "OBJECT_NAME = OURS").replace(/^NORAD_CAT_ID *=.*$/m, "NORAD_CAT_ID = 99001"));
  await expect(elements).toContainText("Accepted");
  await expect(elements).toContainText("OMM: 1 record is in use.");

  // Of an object that nobody knows by that name: the page asks whose it is.
  const ephemeris = await give(page, "burn.oem", oem.replace(/^OBJECT_ID *=.*$/m, "OBJECT_ID = OUR-OWN-1"));
  await expect(ephemeris).toContainText("Rejected");
  await ephemeris.getByLabel("Which object is it?").fill("zarya");
  await page.getByRole("option", { name: new RegExp(STATION.name.replace(/[()]/g, "\\$&")) }).click();
  await expect(ephemeris).toContainText("Accepted");
  await expect(ephemeris).toContainText("OEM: 1 record is in use.");
  const uploads = page.getByRole("table", { name: "Uploads" });
  for (const [name, state] of [["burn.oem", "accepted"], ["station.omm", "accepted"], ["state.opm", "accepted"]] as const) {
    await expect(uploads.getByRole("row", { name: new RegExp(`${name}.*${state}`) })).toBeVisible();
  }

  await page.goto(`/object/?number=${number}`);
  await expect(page.getByRole("main")).toContainText(/Operator ephemeris\s*From/);
  await page.goto("/object/?number=99001");
  await expect(page.getByRole("heading", { level: 1 })).toContainText("OURS");
});

test("upload what is no message, and one with several wrong lines", async ({ page, service }) => {
  const others = (await riskiest(service)).objects.map(({ catalog_number: number }) => number);
  await page.goto("/uploads/");
  await expect(await give(page, "notes.txt", "Dear all,\n")).toContainText("Rejected");
  // Two element sets whose checksums are wrong, and one that is right.
  const answers = await Promise.all([STATION.number, ...others].map((number) => service.get(`/api/v1/objects/${number}/element-sets`, { params: { format: "tle", limit: "1" } })));
  const sets = (await Promise.all(answers.map((answer) => answer.text()))).map((text) => text.trimEnd().split(/\r?\n/).slice(-2));
  const wrong = (line = "") => line.slice(0, 68) + ((Number(line[68]) + 1) % 10);
  const lines = sets.flatMap(([one = "", two = ""], place) => (place === 0 ? [one, two] : [one, wrong(two)]));
  const given = await give(page, "sets.tle", `${lines.join("\n")}\n`);
  await expect(given).toContainText("Rejected, 2 problems");
  const problems = page.getByRole("table", { name: "Problems of sets.tle" });
  for (const line of [4, 6]) await expect(problems.getByRole("row", { name: new RegExp(`line ${line}\\b`, "i") })).toContainText(lines[line - 1] ?? "");
});
