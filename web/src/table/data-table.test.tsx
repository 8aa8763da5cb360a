import { act, fireEvent, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";

import { DataTable, type Column } from "./data-table";

interface Row {
  id: string;
  km: number;
}

const columns: Column<Row>[] = [
  { id: "id", accessorKey: "id", header: "Object" },
  {
    id: "km",
    accessorKey: "km",
    header: "Miss distance (km)",
    meta: { numeric: true, sort: { by: "miss_distance", direction: "ascending" } },
  },
];
const rows = Array.from({ length: 150_000 }, (_, place): Row => ({ id: `object ${place}`, km: place }));

test("of 150,000 rows few are drawn, and all are counted", () => {
  render(<DataTable label="Objects" columns={columns} rows={rows} rowId={({ id }) => id} />);
  const table = screen.getByRole("table", { name: "Objects" });
  expect(table.getAttribute("aria-rowcount")).toBe("150001");
  const drawn = screen.getAllByRole("row").length;
  expect(drawn).toBeGreaterThan(10);
  expect(drawn).toBeLessThan(200);
});

test("a row opens by a click and by Enter, and arrows move between rows", async () => {
  const onOpen = vi.fn();
  render(<DataTable label="Objects" columns={columns} rows={rows.slice(0, 5)} rowId={({ id }) => id} onOpen={onOpen} />);
  await userEvent.click(screen.getByText("object 1"));
  expect(onOpen).toHaveBeenLastCalledWith(rows[1]);
  const row = screen.getByText("object 1").closest("tr");
  row?.focus();
  await userEvent.keyboard("{Enter}");
  expect(onOpen).toHaveBeenCalledTimes(2);
  await userEvent.keyboard("{ArrowDown}");
  await waitFor(() => expect(document.activeElement?.textContent).toContain("object 2"));
});

test("the service is asked for another order, and the column says which way it is", async () => {
  const onSort = vi.fn();
  const { rerender } = render(<DataTable label="Objects" columns={columns} rows={rows} rowId={({ id }) => id} onSort={onSort} sort="tca" />);
  await userEvent.click(screen.getByRole("button", { name: "Miss distance (km)" }));
  expect(onSort).toHaveBeenLastCalledWith("miss_distance", false);
  rerender(<DataTable label="Objects" columns={columns} rows={rows} rowId={({ id }) => id} onSort={onSort} sort="miss_distance" />);
  expect(screen.getByRole("columnheader", { name: /Miss distance/ }).getAttribute("aria-sort")).toBe("ascending");
});

test("a heading that is sorted by turns the order around, and back", async () => {
  const onSort = vi.fn();
  const table = (backward: boolean) => (
    <DataTable label="Objects" columns={columns} rows={rows} rowId={({ id }) => id} onSort={onSort} sort="miss_distance" backward={backward} />
  );
  const { rerender } = render(table(false));
  const heading = () => screen.getByRole("columnheader", { name: /Miss distance/ }).getAttribute("aria-sort");
  expect(heading()).toBe("ascending");
  await userEvent.click(screen.getByRole("button", { name: "Miss distance (km)" }));
  expect(onSort).toHaveBeenLastCalledWith("miss_distance", true);
  rerender(table(true));
  expect(heading()).toBe("descending");
  await userEvent.click(screen.getByRole("button", { name: "Miss distance (km)" }));
  expect(onSort).toHaveBeenLastCalledWith("miss_distance", false);
});

test("it asks for more when the end comes in sight", () => {
  const onEnd = vi.fn();
  const { rerender } = render(<DataTable label="Objects" columns={columns} rows={rows.slice(0, 1_000)} rowId={({ id }) => id} onEnd={onEnd} />);
  expect(onEnd).not.toHaveBeenCalled();
  rerender(<DataTable label="Objects" columns={columns} rows={rows.slice(0, 50)} rowId={({ id }) => id} onEnd={onEnd} />);
  expect(onEnd).toHaveBeenCalled();
});

test("when rows move under the focus, Enter opens the row that has it", async () => {
  const onOpen = vi.fn();
  const props = { label: "Objects", columns, rowId: ({ id }: Row) => id, onOpen };
  const { rerender } = render(<DataTable {...props} rows={rows.slice(0, 5)} />);
  screen.getByText("object 1").closest("tr")?.focus();
  rerender(<DataTable {...props} rows={rows.slice(0, 5).reverse()} />);
  await userEvent.keyboard("{Enter}");
  expect(onOpen).toHaveBeenLastCalledWith(rows[1]);
  // And arrows go on from where it stands now: of 4 3 2 1 0, after 1 comes 0.
  await userEvent.keyboard("{ArrowDown}");
  expect(document.activeElement?.textContent).toContain("object 0");
});

test("Tab enters the table after a filter left fewer rows", async () => {
  const props = { label: "Objects", columns, rowId: ({ id }: Row) => id };
  const { rerender } = render(<DataTable {...props} rows={rows.slice(0, 20)} />);
  screen.getByText("object 15").closest("tr")?.focus();
  rerender(<DataTable {...props} rows={rows.slice(0, 3)} />);
  expect(document.activeElement).toBe(document.body);
  await userEvent.tab();
  expect(document.activeElement?.textContent).toContain("object 0");
});

test("who comes back to a table finds the place that they left, and goes on by keys from there", async () => {
  const place = { of: "objects", search: "?kind=debris" };
  const table = (search: string) => <DataTable label="Objects" columns={columns} rows={rows} rowId={({ id }) => id} place={{ ...place, search }} />;
  const first = render(table(place.search));
  const scrolled = screen.getByRole("table").parentElement;
  if (scrolled === null) throw new Error("the table stands nowhere");
  scrolled.scrollTop = 30_000;
  fireEvent.scroll(scrolled);
  const row = (await screen.findByText("object 1005")).closest("tr");
  act(() => row?.focus());
  first.unmount();

  const again = render(table(place.search));
  expect(screen.getByText("object 1005").closest("tr")).toBe(document.activeElement);
  again.unmount();

  // With other filters they are other rows.
  render(table(""));
  expect(screen.getByText("object 0")).toBeDefined();
  expect(screen.queryByText("object 1005")).toBeNull();
});
