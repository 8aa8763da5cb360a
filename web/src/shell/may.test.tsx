import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";

import { Needs } from "@/administration/parts";
import { Uploads } from "@/uploads/uploads";

let session: () => Promise<Response>;

beforeEach(() => {
  vi.stubGlobal("fetch", async (input: Request | string) => {
    if (typeof input === "string") {
      return Response.json({ build: null, environment: "laptop", api: "", stream: null, sign_in: { one_time_token: true, provider: null } });
    }
    return new URL(input.url).pathname === "/api/v1/session" ? session() : Response.json({ items: [], next_cursor: null });
  });
});

function show(page: React.ReactNode) {
  render(<QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>{page}</QueryClientProvider>);
}

const NO_UPLOADS = "Your role does not let you upload files.";

it("does not say that a role may not before it is known", async () => {
  let answer: (response: Response) => void = () => undefined;
  session = () => new Promise((resolve) => (answer = resolve));
  show(<Uploads />);
  expect(await screen.findByText("Loading what your role lets you do")).toBeDefined();
  expect(screen.queryByText(NO_UPLOADS)).toBeNull();
  await expect.poll(() => answer.length).toBe(1);
  answer(Response.json({ tenant: "local", name: "dev8", scope: "read" }));
  expect(await screen.findByText(NO_UPLOADS)).toBeDefined();
});

it("says where it cannot be known, and reads it anew", async () => {
  session = () => Promise.reject(new TypeError("Failed to fetch"));
  show(
    <Needs scope="admin" what="members">
      All of them
    </Needs>,
  );
  expect((await screen.findByRole("alert")).textContent).toContain("Cannot read what your role lets you do: the service does not answer.");
  session = async () => Response.json({ tenant: "local", name: "dev8", scope: "admin" });
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByText("All of them")).toBeDefined();
});
