import { beforeEach, expect, it, vi } from "vitest";

import { signOut } from "./session";

const SETTINGS = { build: "0.1.0", environment: "laptop", api: "", stream: null, sign_in: { one_time_token: true, provider: null } };
const NO_PROVIDER = () => Response.json({ title: "nothing is here", status: 404 }, { status: 404 });

const assign = vi.fn();
const replace = vi.fn();
const alerted = vi.fn();
let logout: () => Response;
let ended: () => Response;

beforeEach(() => {
  vi.clearAllMocks();
  vi.stubGlobal("alert", alerted);
  vi.stubGlobal("location", { origin: location.origin, pathname: "/", search: "", assign, replace });
  vi.stubGlobal("fetch", async (input: Request | string) => {
    if (input === "/config.json") return Response.json(SETTINGS);
    return input === "/auth/logout" ? logout() : ended();
  });
  logout = NO_PROVIDER;
  ended = () => new Response(null, { status: 204 });
});

it("goes on where the identity provider says", async () => {
  logout = () => Response.json({ continue_at: "https://login.example.org/end" });
  await signOut();
  expect(assign).toHaveBeenCalledExactlyOnceWith("https://login.example.org/end");
  expect(replace).not.toHaveBeenCalled();
});

it("ends the session here where there is no provider, or a page answers for it", async () => {
  await signOut();
  logout = () => new Response("<!doctype html>", { headers: { "content-type": "text/html" } });
  await signOut();
  ended = () => Response.json({ title: "sign in", status: 401 }, { status: 401 });
  await signOut();
  expect(replace.mock.calls).toEqual([["/signin/"], ["/signin/"], ["/signin/"]]);
  expect(alerted).not.toHaveBeenCalled();
});

it("says that somebody may still be signed in where that failed, and stays", async () => {
  logout = () => {
    throw new TypeError("Failed to fetch");
  };
  await signOut();
  logout = NO_PROVIDER;
  ended = () => new Response("", { status: 502 });
  await signOut();
  expect(alerted.mock.calls).toEqual([
    ["Signing out failed: the service does not answer. You may still be signed in."],
    ["Signing out failed: the service answers 502. You may still be signed in."],
  ]);
  expect(assign).not.toHaveBeenCalled();
  expect(replace).not.toHaveBeenCalled();
});
