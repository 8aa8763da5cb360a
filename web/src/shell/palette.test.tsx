import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";

import { Palette } from "./palette";

const push = vi.fn();
vi.mock("next/navigation", () => ({ useRouter: () => ({ push }) }));

/** When the service answers a search for something else than "zarya". */
let later: Promise<void>;

beforeEach(() => {
  vi.clearAllMocks();
  later = Promise.resolve();
  vi.stubGlobal("fetch", async (input: Request | string) => {
    if (typeof input === "string") {
      return Response.json({ build: null, environment: "laptop", api: "", stream: null, sign_in: { one_time_token: true, provider: null } });
    }
    if (new URL(input.url).searchParams.get("search") === "zarya") {
      return Response.json({ items: [{ catalog_number: 25544, name: "ISS (ZARYA)" }], next_cursor: null });
    }
    await later;
    return Response.json({ items: [{ catalog_number: 46494, name: "WATCH 2" }, { catalog_number: 46495, name: "WATCH 3" }], next_cursor: null });
  });
});

function show() {
  render(
    <QueryClientProvider client={new QueryClient()}>
      <Palette open onOpenChange={() => undefined} />
    </QueryClientProvider>,
  );
  return screen.getByRole("combobox");
}

test("Enter opens no object of the search before", async () => {
  let answer: () => void = () => undefined;
  later = new Promise((resolve) => (answer = resolve));
  const field = show();
  await userEvent.type(field, "zarya");
  await screen.findByRole("option", { name: /ZARYA/ });
  await userEvent.clear(field);
  await userEvent.type(field, "watch 3{Enter}");
  expect(screen.getByRole("option", { name: /ZARYA/ }).getAttribute("aria-disabled")).toBe("true");
  expect(push).not.toHaveBeenCalled();
  answer();
  await screen.findByRole("option", { name: /WATCH 3/ });
  await userEvent.keyboard("{ArrowDown}{Enter}");
  expect(push).toHaveBeenCalledExactlyOnceWith("/object?number=46495");
});

test("what is found comes before a page of that name, but not before what a person chose meanwhile", async () => {
  let answer: () => void = () => undefined;
  later = new Promise((resolve) => (answer = resolve));
  const field = show();
  await userEvent.type(field, "watch");
  expect(screen.getByRole("option", { name: /Watch lists/ }).getAttribute("aria-selected")).toBe("true");
  answer();
  await screen.findByRole("option", { name: /WATCH 2/ });
  await expect.poll(() => screen.getByRole("option", { name: /WATCH 2/ }).getAttribute("aria-selected")).toBe("true");

  await userEvent.keyboard("{ArrowDown}{ArrowDown}");
  expect(screen.getByRole("option", { name: /Watch lists/ }).getAttribute("aria-selected")).toBe("true");
  await userEvent.keyboard("{Enter}");
  expect(push).toHaveBeenCalledExactlyOnceWith("/watch-lists");
});
