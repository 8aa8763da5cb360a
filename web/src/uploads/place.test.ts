import { expect, test } from "vitest";

import { linesOf } from "./lines";
import { asksForObject, placeInWords, placeOf } from "./place";

test("a problem's place is told from what is wrong there", () => {
  // As the service answered to a bad OEM.
  const place = placeOf('bad.oem: line 13: Z_DOT: not a number: "zero"', "bad.oem");
  expect(place).toEqual({ line: 13, said: 'Z_DOT: not a number: "zero"' });
  expect(placeInWords(place)).toBe("Line 13");
});

test("records, messages and whole files are places, too", () => {
  expect(placeInWords(placeOf("a.csv: record 3, line 4: EPOCH: not a time", "a.csv"))).toBe("Record 3, line 4");
  expect(placeOf("message 2: no useable states", "a.oem")).toEqual({ message: 2, said: "no useable states" });
  const whole = placeOf("a.txt: whole input: not a message in a known notation", "a.txt");
  expect(whole).toEqual({ said: "not a message in a known notation" });
  expect(placeInWords(whole)).toBe("File");
});

test("a name that looks like a place is not taken for one", () => {
  expect(placeOf("line 1: x.oem: line 7: why", "line 1: x.oem")).toEqual({ line: 7, said: "why" });
});

test("only a file that says no object is asked whose it is", () => {
  const asks = 'message 1: OBJECT_ID "X-1" is no object of the catalog; say which it is';
  expect(asksForObject([asks])).toBe(true);
  expect(asksForObject([asks, "a.oem: line 3: why"])).toBe(false);
  expect(asksForObject([])).toBe(false);
});

test("lines are those of the file, counted from 1, whatever their ends", async () => {
  // jsdom's own blobs cannot be read.
  const text = new Response("one\r\ntwo\nthree");
  const lines = await linesOf(await text.blob(), new Set([1, 3, 9]));
  expect([...lines]).toEqual([
    [1, "one"],
    [3, "three"],
  ]);
});

test("lines of a packed file are read, too", async () => {
  const packed = new Response(new Response("one\ntwo").body?.pipeThrough(new CompressionStream("gzip")));
  expect((await linesOf(await packed.blob(), new Set([2]))).get(2)).toBe("two");
});
