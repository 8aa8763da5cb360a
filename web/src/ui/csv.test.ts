import { expect, test } from "vitest";

import { csv } from "./csv";

test("fields are quoted where they must be, and what is not known is empty", () => {
  expect(csv(["name", "km"], [['COSMOS "1", 2', 1.5], [null, undefined]])).toBe('name,km\r\n"COSMOS ""1"", 2",1.5\r\n,\r\n');
});

test("a text that a spreadsheet would take for a formula is made harmless, a negative number is left alone", () => {
  expect(csv(["a", "b"], [["=1+1", -2]])).toBe("a,b\r\n'=1+1,-2\r\n");
});
