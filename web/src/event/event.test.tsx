import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen, within } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";

import { COLUMNS } from "@/conjunctions/columns";
import { DataTable } from "@/table/data-table";
import { Event } from "./event";
import { CONJUNCTION } from "./samples";

vi.mock("next/navigation", () => ({ useSearchParams: () => new URLSearchParams({ id: CONJUNCTION.id }) }));

beforeEach(() => {
  sessionStorage.clear();
  vi.stubGlobal("fetch", async (input: Request | string) => {
    if (typeof input === "string") {
      return Response.json({ build: null, environment: "laptop", api: "", stream: null, sign_in: { one_time_token: true, provider: null } });
    }
    const path = new URL(input.url).pathname;
    if (path === `/api/v1/conjunctions/${CONJUNCTION.id}`) return Response.json(CONJUNCTION);
    return Response.json({ title: "there is no such thing", status: 404 }, { status: 404 });
  });
});

function show(page: React.ReactNode) {
  return render(<QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>{page}</QueryClientProvider>);
}

it("leads back to the conjunctions with the filters that one came with, and is a link in their table", async () => {
  const place = { of: "conjunctions", search: "?miss=1&probability=1e-05" };
  const table = show(<DataTable label="Conjunctions" columns={[...COLUMNS]} rows={[CONJUNCTION]} rowId={({ id }) => id} place={place} />);
  const hrefs = within(screen.getByRole("table", { name: "Conjunctions" }))
    .getAllByRole("link")
    .map((link) => link.getAttribute("href"));
  expect(hrefs).toContainEqual(expect.stringContaining(`id=${CONJUNCTION.id}`));
  table.unmount();

  show(<Event />);
  const back = await screen.findByRole("link", { name: "Conjunctions" });
  expect(back.getAttribute("href")).toMatch(/^\/conjunctions\/?\?miss=1&probability=1e-05$/);
});

it("leads to all conjunctions where nobody came from there", async () => {
  show(<Event />);
  expect((await screen.findByRole("link", { name: "Conjunctions" })).getAttribute("href")).toMatch(/^\/conjunctions\/?$/);
});
