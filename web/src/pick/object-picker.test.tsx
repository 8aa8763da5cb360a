import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";

import { ObjectPicker } from "./object-picker";

/** When the service answers a search for something else. */
let later: Promise<void>;

beforeEach(() => {
  later = Promise.resolve();
  vi.stubGlobal("fetch", async (input: Request | string) => {
    if (typeof input === "string") {
      return Response.json({ build: null, environment: "laptop", api: "", stream: null, sign_in: { one_time_token: true, provider: null } });
    }
    // Of what is shown, as the service answers.
    if (new URL(input.url).searchParams.get("search") === "zarya") {
      return Response.json({ items: [{ catalog_number: 25544, name: "ISS (ZARYA)" }], next_cursor: null });
    }
    await later;
    return Response.json({ items: [{ catalog_number: 49044, name: "ISS (NAUKA)" }], next_cursor: null });
  });
});

function show(onNumber?: (number: number) => void) {
  const onPick = vi.fn();
  render(
    <QueryClientProvider client={new QueryClient()}>
      <ObjectPicker id="object" onPick={onPick} {...(onNumber === undefined ? {} : { onNumber })} />
    </QueryClientProvider>,
  );
  return onPick;
}

test("Enter takes the object that is marked", async () => {
  const onPick = show();
  await userEvent.type(screen.getByRole("combobox"), "zarya");
  await screen.findByRole("option", { name: /ISS/ });
  await userEvent.keyboard("{Enter}");
  expect(onPick).toHaveBeenCalledWith(expect.objectContaining({ catalog_number: 25544 }));
});

test("where a number is enough, it is taken at once, known or not", async () => {
  const onNumber = vi.fn();
  const onPick = show(onNumber);
  await userEvent.type(screen.getByRole("combobox"), "5{Enter}");
  expect(onNumber).toHaveBeenCalledWith(5);
  expect(onPick).not.toHaveBeenCalled();
});

test("Enter takes no object of the search before, and the one that is found then", async () => {
  let answer: () => void = () => undefined;
  later = new Promise((resolve) => (answer = resolve));
  const onPick = show();
  await userEvent.type(screen.getByRole("combobox"), "zarya");
  await screen.findByRole("option", { name: /ZARYA/ });
  await userEvent.clear(screen.getByRole("combobox"));
  await userEvent.type(screen.getByRole("combobox"), "nauka{Enter}");
  expect(screen.getByRole("option", { name: /ZARYA/ })).toBeDefined();
  expect(screen.getByRole("listbox").getAttribute("aria-busy")).toBe("true");
  expect(onPick).not.toHaveBeenCalled();
  answer();
  await screen.findByRole("option", { name: /NAUKA/ });
  await userEvent.keyboard("{Enter}");
  expect(onPick).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ catalog_number: 49044 }));
});
