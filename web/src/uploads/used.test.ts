import { expect, test } from "vitest";

import { usedInWords } from "./used";

test("what is kept, and what is in use", () => {
  expect(usedInWords({ kind: "OEM", records: 1 })).toBe("1 record is in use");
  expect(usedInWords({ kind: "OMM", records: 1_200 })).toBe("1,200 records are in use");
  expect(usedInWords({ kind: "OPM", records: 1 })).toBe("1 record is kept");
  expect(usedInWords({ kind: null, records: 0 })).toBe("0 records are in use");
});
