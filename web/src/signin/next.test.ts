import { beforeEach, describe, expect, it } from "vitest";

import { isOwnPath, nextOf, takeToken, WELCOMED } from "./next";

beforeEach(() => {
  localStorage.clear();
  history.replaceState(null, "", "/signin/");
});

describe("where to go on", () => {
  it("is a path of ours", () => {
    for (const good of ["/", "/event/?id=0190", "/alerts/0190?x=1", "/api/v1/docs", "/a%2f%2fb", "/signing/", "/authority"]) {
      expect(isOwnPath(good), good).toBe(true);
    }
  });

  it("is nothing that leads to another site, or back to the sign-in", () => {
    const bad = ["", "a", "//example.net", "///example.net", "/\\example.net", "\\/example.net", "/a\\b", "https://example.net", "javascript:alert(1)"];
    bad.push("/\t/example.net", "/a b", "/a\r\nb", "/é", " /", "/auth/login", "/signin/?token=x", "/signin", `/${"a".repeat(1_000)}`);
    for (const one of bad) expect(isOwnPath(one), one).toBe(false);
  });

  it("is the page that was wanted, else today's, and at first the one that explains", () => {
    expect(nextOf("?next=%2Fevent%2F%3Fid%3D1")).toBe("/event/?id=1");
    expect(nextOf("?next=%2F%2Fexample.net")).toBe("/welcome/");
    expect(nextOf("")).toBe("/welcome/");
    localStorage.setItem(WELCOMED, "yes");
    expect(nextOf("?next=%2F")).toBe("/");
    expect(nextOf("?next=%2F%2Fexample.net")).toBe("/");
  });
});

describe("the token", () => {
  it("leaves the address and the history at once, and what else is asked for stays", async () => {
    const before = history.length;
    history.replaceState({ kept: true }, "", "/signin/?token=secret&next=%2Fevent%2F%3Fid%3D1");
    expect(takeToken()).toBe("secret");
    expect(location.href).not.toContain("secret");
    expect(new URLSearchParams(location.search).get("next")).toBe("/event/?id=1");
    expect(history.length).toBe(before);
    await Promise.resolve();
    expect(location.href).not.toContain("secret");
    expect(takeToken()).toBeNull();
  });
});
