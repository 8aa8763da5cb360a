import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import { beforeEach, expect, test, vi } from "vitest";

import { Alerts } from "./alerts";

let path = "/alerts/";
vi.mock("next/navigation", () => ({ usePathname: () => path, useSearchParams: () => new URLSearchParams() }));

const ID = "01a228ad-7822-78a7-bc5d-3a136578824c";
// As the service answers.
const NONE = { status: 200, body: { items: [], next_cursor: null } };
const SETTINGS = { build: null, environment: "laptop", api: "", stream: null, sign_in: { one_time_token: true, provider: null } };
const NO_SUCH = {
  status: 404,
  body: {
    type: "urn:astroshield:problem:not-found",
    title: "there is no such thing",
    status: 404,
    detail: `no such alert: ${ID}`,
    instance: `/api/v1/alerts/${ID}`,
    request_id: "01a228ad-7882-72aa-b846-d0b61aabcbd3",
  },
};
const BAD_CURSOR = {
  status: 400,
  body: { ...NO_SUCH.body, status: 400, title: "a value cannot be used", detail: "not a cursor of the list alerts", field: "cursor" },
};

beforeEach(() => {
  vi.stubGlobal("fetch", async (input: Request | string) => {
    const url = new URL(typeof input === "string" ? input : input.url, location.origin);
    if (url.pathname === "/config.json") return Response.json(SETTINGS);
    // As the service does: what it did not give out is no cursor.
    const answer = url.pathname.endsWith(ID) ? NO_SUCH : url.searchParams.has("cursor") ? BAD_CURSOR : NONE;
    return Response.json(answer.body, { status: answer.status });
  });
});

function show() {
  render(
    <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
      <Alerts />
    </QueryClientProvider>,
  );
}

test("with no alert it says that nothing waits, and how the list is filled", async () => {
  path = "/alerts/";
  show();
  expect(await screen.findByText("Nothing waits for an answer")).toBeDefined();
  expect(screen.getByText("No alert is chosen")).toBeDefined();
});

test("a mail that leads to an alert that is gone says so", async () => {
  path = `/alerts/${ID}`;
  show();
  expect(await screen.findByText(new RegExp(`There is no such alert: no such alert: ${ID}`))).toBeDefined();
});
