import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";

import { goOn } from "./next";
import { SignIn } from "./sign-in";

vi.mock(import("./next"), async (original) => ({ ...(await original()), goOn: vi.fn() }));

// As the service answers.
const problem = (status: number, title: string, detail: string, field?: string) => ({
  status,
  body: {
    type: `urn:astroshield:problem:${title.replaceAll(" ", "_")}`,
    title,
    status,
    detail,
    field,
    instance: "/api/v1/session",
    request_id: "01a22873-5d44-7b13-9a07-3b9e1d1a9a52",
  },
});
const STRANGER = problem(401, "sign in", "send `Authorization: Bearer ...` with an API key or an access token, or sign in at /signin");
const USED = problem(401, "sign in", "the token is used, expired or wrong", "token");
const OUTSIDE = problem(403, "this is not yours to do", "you are signed in, and a member of no organization here: ask its administrator");
const SIGNED_IN = { status: 200, body: { tenant: "local", name: "operator", scope: "admin" } };
const INVITATION = {
  id: "01a22873-5d44-7b13-9a07-000000000001",
  tenant: "lunar-ops",
  organization: "Lunar Operations",
  role: "operator",
  invited: "2026-11-29T17:00:00Z",
};

let provider: string | null;
let answers: Record<string, { status: number; body: unknown }>;
let asked: string[];

function settings() {
  return { build: "0.1.0", environment: "laptop", api: "", stream: null, sign_in: { one_time_token: provider === null, provider } };
}

beforeEach(() => {
  vi.mocked(goOn).mockClear();
  localStorage.setItem("astroshield.welcomed", "yes");
  history.replaceState(null, "", "/signin/");
  provider = null;
  answers = {};
  asked = [];
  vi.stubGlobal("fetch", async (input: Request | string) => {
    if (typeof input === "string") return Response.json(settings());
    const asks = `${input.method} ${new URL(input.url).pathname}`;
    asked.push(asks);
    const answer = answers[asks] ?? STRANGER;
    return Response.json(answer.body, { status: answer.status });
  });
});

function show() {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false, staleTime: Infinity } } });
  // They are read once for all tests, else.
  client.setQueryData(["config.json"], settings());
  render(
    <QueryClientProvider client={client}>
      <SignIn />
    </QueryClientProvider>,
  );
}

it("signs in by the link, and goes on to the page that was wanted", async () => {
  history.replaceState(null, "", "/signin/?token=once&next=%2Fevent%2F%3Fid%3D7");
  answers["POST /api/v1/session"] = { ...SIGNED_IN, status: 201 };
  show();
  await waitFor(() => expect(goOn).toHaveBeenCalledWith("/event/?id=7"));
  expect(asked).toEqual(["POST /api/v1/session"]);
  expect(location.search).not.toContain("once");
});

it("says that a link was used, and takes another token", async () => {
  history.replaceState(null, "", "/signin/?token=used");
  answers["POST /api/v1/session"] = USED;
  show();
  expect((await screen.findByRole("alert")).textContent).toBe("Not signed in: the token is used, expired or wrong.");
  expect(goOn).not.toHaveBeenCalled();
  answers["POST /api/v1/session"] = { ...SIGNED_IN, status: 201 };
  await userEvent.type(await screen.findByLabelText("Token of the link"), "another");
  await userEvent.click(screen.getByRole("button", { name: "Sign in" }));
  await waitFor(() => expect(goOn).toHaveBeenCalledWith("/"));
});

it("goes on where somebody is signed in already, with a used link, too", async () => {
  history.replaceState(null, "", "/signin/?token=used&next=%2Falerts%2F");
  answers["POST /api/v1/session"] = USED;
  answers["GET /api/v1/session"] = SIGNED_IN;
  show();
  await waitFor(() => expect(goOn).toHaveBeenCalledWith("/alerts/"));
});

it("leads to the identity provider, and back to the page that was wanted", async () => {
  provider = "/auth/login";
  history.replaceState(null, "", "/signin/?next=%2Falerts%2F");
  show();
  const link = await screen.findByRole("link", { name: "Sign in" });
  expect(link.getAttribute("href")).toBe("/auth/login?return_to=%2Falerts%2F");
  expect(screen.queryByLabelText("Token of the link")).toBeNull();
});

it("shows invitations to who belongs nowhere, and goes on when one is accepted", async () => {
  provider = "/auth/login";
  answers["GET /api/v1/session"] = OUTSIDE;
  answers["GET /api/v1/session/invitations"] = { status: 200, body: { items: [INVITATION], next_cursor: null } };
  answers[`POST /api/v1/session/invitations/${INVITATION.id}`] = { status: 200, body: INVITATION };
  show();
  expect(await screen.findByText(/^You are signed in, and a member of no organization here/)).toBeDefined();
  expect(screen.getByRole("button", { name: "Sign out" })).toBeDefined();
  await userEvent.click(await screen.findByRole("button", { name: "Accept the invitation of Lunar Operations" }));
  await waitFor(() => expect(goOn).toHaveBeenCalledWith("/"));
});

it("says that an invitation cannot be declined any more", async () => {
  answers["GET /api/v1/session"] = OUTSIDE;
  answers["GET /api/v1/session/invitations"] = { status: 200, body: { items: [INVITATION], next_cursor: null } };
  answers[`DELETE /api/v1/session/invitations/${INVITATION.id}`] = problem(404, "not found", `there is no invitation ${INVITATION.id}`);
  show();
  await userEvent.click(await screen.findByRole("button", { name: "Decline the invitation of Lunar Operations" }));
  expect(await screen.findByText(`there is no invitation ${INVITATION.id}.`)).toBeDefined();
});

it("says that the service does not answer", async () => {
  vi.stubGlobal("fetch", async (input: Request | string) => {
    if (typeof input === "string") return Response.json(settings());
    throw new TypeError("Failed to fetch");
  });
  show();
  expect((await screen.findByRole("alert")).textContent).toBe("Not signed in: the service does not answer.");
});
