import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";

import { csvOf, ExportCsv, type CsvColumns } from "./export-csv";

interface Thing {
  name: string;
  length?: number;
}

const COLUMNS: CsvColumns<Thing> = { name: ({ name }) => name, length_m: ({ length }) => length };

test("rows stand under the names of the columns", () => {
  expect(csvOf([{ name: "=1+1", length: 2.5 }, { name: "none" }], COLUMNS)).toBe("name,length_m\r\n'=1+1,2.5\r\nnone,\r\n");
});

test("a file is named after what it holds; without rows there is none", async () => {
  const saved: string[] = [];
  URL.createObjectURL = () => "blob:";
  URL.revokeObjectURL = () => undefined;
  vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) {
    saved.push(this.download);
  });
  const { rerender } = render(<ExportCsv name="long things" rows={undefined} columns={COLUMNS} />);
  const button = screen.getByRole<HTMLButtonElement>("button", { name: "Export CSV of long things" });
  expect(button.disabled).toBe(true);
  rerender(<ExportCsv name="long things" rows={[{ name: "one" }]} columns={COLUMNS} />);
  await userEvent.click(button);
  expect(saved).toEqual(["long-things.csv"]);
});
