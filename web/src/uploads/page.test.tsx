import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";

import { Uploads } from "./uploads";

// As the service answered to this file.
const NAME = "console-c-bad.oem";
const REFUSED = {
  type: "urn:astroshield:problem:unprocessable",
  title: "the request cannot be done",
  status: 422,
  detail: `${NAME}: nothing of it is used; it is kept as upload 01a228ad-78af-7cac-bdab-e9b320e50602`,
  errors: [`${NAME}: line 13: Z_DOT: not a number: "zero"`],
  instance: "/api/v1/uploads",
  request_id: "01a228ad-78ae-705b-89da-c0b628e783e1",
};
const SETTINGS = { build: null, environment: "laptop", api: "", stream: null, sign_in: { one_time_token: true, provider: null } };

let sent: URL[];

beforeEach(() => {
  sent = [];
  vi.stubGlobal("fetch", async (input: Request | string) => {
    const url = new URL(typeof input === "string" ? input : input.url, location.origin);
    if (url.pathname === "/config.json") return Response.json(SETTINGS);
    if (url.pathname === "/api/v1/session") return Response.json({ tenant: "local", name: "operator", scope: "write" });
    if (typeof input !== "string" && input.method === "POST") {
      sent.push(url);
      return Response.json(REFUSED, { status: 422 });
    }
    return Response.json({ items: [], next_cursor: null });
  });
  render(
    <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
      <Uploads />
    </QueryClientProvider>,
  );
});

test("a refused file shows each problem with its place", async () => {
  const user = userEvent.setup();
  await user.upload(await screen.findByLabelText("Drop files here"), new File(["CCSDS_OEM_VERS = 2.0\n"], NAME));
  expect(await screen.findByText("Rejected, 1 problem")).toBeDefined();
  expect(screen.getByRole("rowheader", { name: "Line 13" })).toBeDefined();
  expect(screen.getByText('Z_DOT: not a number: "zero"')).toBeDefined();
  expect(sent.map(({ pathname, search }) => pathname + search)).toEqual([`/api/v1/uploads?name=${NAME}`]);
});

test("nothing was uploaded: it says what will stand there", async () => {
  expect(await screen.findByText("Nothing was uploaded yet")).toBeDefined();
});
