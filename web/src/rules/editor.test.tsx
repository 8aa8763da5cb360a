import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";

import type { Schemas } from "@/api/client";
import { Editor } from "./editor";

const RULE: Schemas["RuleRow"] = {
  id: "01a2286d-86aa-7d76-b9aa-a0eee1b20fd6",
  name: "Close ones",
  enabled: true,
  watch_list: null,
  severity: "warning",
  relations: false,
  min_probability: 1e-5,
  max_miss_distance_km: null,
  within_hours: 72,
  escalate_after_minutes: null,
  channels: [],
  escalation_channels: [],
  notices: [],
  updated: "2026-11-29T17:49:56.266916Z",
};

let stored: Schemas["RuleRow"];
let put: unknown[];

beforeEach(() => {
  put = [];
  vi.stubGlobal("fetch", async (input: Request | string) => {
    if (typeof input === "string") {
      return Response.json({ build: null, environment: "laptop", api: "", stream: null, sign_in: { one_time_token: true, provider: null } });
    }
    if (new URL(input.url).pathname !== `/api/v1/rules/${RULE.id}`) return Response.json({ items: [], next_cursor: null });
    if (input.method === "PUT") put.push(await input.json());
    return Response.json(stored);
  });
});

async function saveRenamed(): Promise<() => void> {
  const onClose = vi.fn();
  render(
    <QueryClientProvider client={new QueryClient()}>
      <Editor rule={RULE} onClose={onClose} />
    </QueryClientProvider>,
  );
  await userEvent.type(screen.getByLabelText("Name"), "!");
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
  return onClose;
}

test("a rule that nobody else changed is saved at once", async () => {
  stored = RULE;
  const onClose = await saveRenamed();
  await waitFor(() => expect(onClose).toHaveBeenCalled());
  expect(put).toMatchObject([{ name: "Close ones!" }]);
});

test("what a colleague changed since is not replaced without a question", async () => {
  stored = { ...RULE, within_hours: 24, updated: "2026-11-29T18:02:11.118305Z" };
  const onClose = await saveRenamed();
  expect(await screen.findByText(/Somebody changed this since you opened it/)).toBeDefined();
  expect(put).toEqual([]);
  await userEvent.click(screen.getByRole("button", { name: "Replace" }));
  await waitFor(() => expect(onClose).toHaveBeenCalled());
  expect(put).toMatchObject([{ name: "Close ones!", within_hours: 72 }]);
});
