import { riskiest } from "./pages";
import { expect, test } from "./test";

const MOST = 3;

interface Solution {
  probability: number | null;
  maximum_probability: number;
}

test("the riskiest event of the next 24 hours is at most three interactions from the first load", async ({ page, service }) => {
  let interactions = 0;
  const interact = async (action: () => Promise<void>) => {
    interactions += 1;
    await action();
  };
  await page.goto("/");
  await interact(() => page.getByRole("table", { name: "Riskiest events of the next 24 hours" }).getByRole("link").first().click());
  await expect(page).toHaveURL(/\/event\/\?id=[0-9a-f-]{36}$/);
  await expect(page.getByRole("heading", { name: "Encounter plane" })).toBeVisible();
  expect(interactions).toBeLessThanOrEqual(MOST);

  const solution = async (id: string) => {
    const { probability, maximum_probability: maximum } = (await (await service.get(`/api/v1/conjunctions/${id}`)).json()) as Solution;
    return probability ?? maximum;
  };
  const within = await riskiest(service, { tca_to: new Date(Date.now() + 86_400_000).toISOString() });
  expect(await solution(new URL(page.url()).searchParams.get("id") ?? "")).toBe(await solution(within.id));
});
