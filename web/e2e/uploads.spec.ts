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
