import type { APIRequestContext } from "@playwright/test";

import { riskiest } from "./pages";
import { expect, test } from "./test";

const MOST = 3;

const DAY_MS = 86_400_000;
/** The page's "next 24 hours" begin at steps of five minutes. */
const STEP_MS = 300_000;

interface Row {
  id: string;
  probability: number | null;
  maximum_probability: number;
}

/** All events within a time, in the order of their TCA: which is the riskiest is for the test to find. */
async function eventsWithin(service: APIRequestContext, window: Record<string, string>): Promise<Row[]> {
  const rows: Row[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const params = { ...window, relation: "false", status: "active", sort: "tca", limit: "1000", ...(cursor === "" ? {} : { cursor }) };
    const answer = await service.get("/api/v1/conjunctions", { params });
    const page = (await answer.json()) as { items: Row[]; next_cursor?: string | null };
    rows.push(...page.items);
    cursor = page.next_cursor ?? null;
  }
  return rows;
}

test("the riskiest event of the next 24 hours is at most three interactions from the first load", async ({ page, service }) => {
  let interactions = 0;
  const interact = async (action: () => Promise<void>) => {
    interactions += 1;
    await action();
  };
  // What the page asks for: its window may begin a step before that of now.
  const reading = page.waitForRequest((request) => new URL(request.url()).pathname === "/api/v1/conjunctions" && request.url().includes("sort=probability"));
  const step = () => Math.floor(Date.now() / STEP_MS) * STEP_MS;
  const before = step();
  await page.goto("/");
  const asked = new URL((await reading).url()).searchParams;
  const [from, to] = [asked.get("tca_from"), asked.get("tca_to")].map((time) => Date.parse(time ?? ""));
  expect(from).toBeGreaterThanOrEqual(before);
  expect(from).toBeLessThanOrEqual(step());
  expect(Number(to) - Number(from)).toBe(DAY_MS);
  await interact(() => page.getByRole("table", { name: "Riskiest events of the next 24 hours" }).getByRole("link").first().click());
  await expect(page).toHaveURL(/\/event\/\?id=[0-9a-f-]{36}$/);
  await expect(page.getByRole("heading", { name: "Encounter plane" })).toBeVisible();
  expect(interactions).toBeLessThanOrEqual(MOST);

  const window = { tca_from: asked.get("tca_from") ?? "", tca_to: asked.get("tca_to") ?? "" };
  const shown = new URL(page.url()).searchParams.get("id");
  const leading = ({ probability, maximum_probability: maximum }: Row) => probability ?? maximum;
  const events = await eventsWithin(service, window);
  const highest = Math.max(...events.map(leading));
  expect(events.filter((event) => leading(event) === highest).map(({ id }) => id)).toContain(shown);
  // Of some that are equally probable, the one that the service has first.
  expect(shown).toBe((await riskiest(service, window)).id);
});
