import { createHash } from "node:crypto";
import { expect, test } from "vitest";

import { originsIn, policyOf, withPolicy } from "./policy.mjs";

const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

test("inline scripts are named by their hashes, scripts of files are not", () => {
  const policy = policyOf(`<head><script>one()</script></head><script src="/a.js" async=""></script><script id="x">two("</div>")</script>`, []);
  expect(policy).toContain(hash("one()"));
  expect(policy).toContain(hash(`two("</div>")`));
  expect(policy.match(/sha256-/g)).toHaveLength(2);
  expect(policy).not.toMatch(/script-src[^;]*unsafe-inline/);
});

test("the policy stands before everything but the encoding", () => {
  const page = withPolicy('<html><head><meta charSet="utf-8"/><script>one()</script></head></html>', []);
  expect(page).toMatch(/<head><meta charSet="utf-8"\/><meta http-equiv="Content-Security-Policy" content="[^"]+"\/><script>/);
});

test("pages may speak to the origins that the build names, and to no other", () => {
  expect(policyOf("<head></head>", ["https://api.example.org"])).toMatch(/connect-src 'self' https:\/\/api\.example\.org;/);
  expect(policyOf("<head></head>", ["https://api.example.org", "wss://api.example.org"])).toMatch(
    /connect-src 'self' https:\/\/api\.example\.org wss:\/\/api\.example\.org;/,
  );
  expect(policyOf("<head></head>", [])).toMatch(/connect-src 'self';/);
});

test("origins stand with blanks or commas between; what is none is an error", () => {
  expect(originsIn(" https://api.example.org, https://blobs.s3.eu-west-1.amazonaws.com\nwss://stream.example.org:8443 ")).toEqual([
    "https://api.example.org",
    "https://blobs.s3.eu-west-1.amazonaws.com",
    "wss://stream.example.org:8443",
  ]);
  expect(originsIn("")).toEqual([]);
  for (const wrong of ["https://api.example.org/", "https://api.example.org/v1", "api.example.org", "https://a.example;script-src", "*", "data:", "file:///x"]) {
    expect(() => originsIn(`https://api.example.org ${wrong}`)).toThrow(`CONSOLE_CONNECT: ${wrong}`);
  }
});

test("a page that begins otherwise is an error", () => {
  expect(() => withPolicy("<p>nothing</p>", [])).toThrow("<head>");
});
