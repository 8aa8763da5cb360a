import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";

import type { Schemas } from "@/api/client";
import type { Note } from "./handling";
import { HandlingPanel } from "./handling-panel";
import { CONJUNCTION } from "./samples";

const NOTES = `POST /api/v1/conjunctions/${CONJUNCTION.id}/notes`;

// As the service answers, one after another.
const note = (some: Partial<Note> & Pick<Note, "kind">): Note => ({
  id: crypto.randomUUID(),
  conjunction: CONJUNCTION.id,
  at: "2026-11-29T19:24:21.555936Z",
  by: "dev8",
  text: null,
  assignee: null,
  decision: null,
  ...some,
});
const WRONG: Schemas["Problem"] = {
  type: "urn:astroshield:problem:unprocessable",
  title: "the request cannot be done",
  status: 422,
  detail: "1 to 100 characters are due, none of them a control character",
  field: "assignee",
  instance: `/api/v1/conjunctions/${CONJUNCTION.id}/notes`,
  request_id: "01a228c3-f90b-727a-9e34-1e882d695062",
};

let scope: Schemas["SignedIn"]["scope"];
let notes: Note[];
let sent: unknown[];
let refusal: Schemas["Problem"] | undefined;

beforeEach(() => {
  scope = "write";
  notes = [];
  sent = [];
  refusal = undefined;
  vi.stubGlobal("fetch", async (input: Request | string) => {
    if (typeof input === "string") return Response.json({ build: "0.1.0", environment: "laptop", api: "", stream: null, sign_in: { one_time_token: true, provider: null } });
    const path = new URL(input.url).pathname;
    if (path === "/api/v1/session") return Response.json({ tenant: "local", name: "dev8", scope });
    if (path === "/api/v1/members") return Response.json({ items: [], next_cursor: null });
    if (`${input.method} ${path}` !== NOTES) return Response.json({ items: notes, next_cursor: null });
    const body = (await input.json()) as Schemas["NoteBody"];
    sent.push(body);
    if (refusal !== undefined) return Response.json(refusal, { status: refusal.status });
    const row = note({ text: null, ...body });
    notes = [...notes, row];
    return Response.json(row, { status: 201 });
  });
});

function show(conjunction = CONJUNCTION) {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <QueryClientProvider client={client}>
      <HandlingPanel conjunction={conjunction} />
    </QueryClientProvider>,
  );
}

const log = () => screen.getByRole("region", { name: "Log of notes, the newest first" });

it("acknowledges by one click, after which there is nothing to acknowledge", async () => {
  show();
  await userEvent.click(await screen.findByRole("button", { name: "Acknowledge" }));
  expect(await screen.findByText("by dev8")).toBeTruthy();
  expect(sent).toEqual([{ kind: "acknowledged" }]);
  expect(screen.queryByRole("button", { name: "Acknowledge" })).toBeNull();
});

it("records a decision with its reason, which the log then says", async () => {
  show();
  await userEvent.click(await screen.findByRole("button", { name: "Decide" }));
  await userEvent.selectOptions(screen.getByLabelText("Decision"), "maneuver");
  await userEvent.type(screen.getByLabelText("Why (may be empty)"), "  The operator agrees. ");
  await userEvent.click(screen.getByRole("button", { name: "Record" }));
  expect(await screen.findByText("The operator agrees.")).toBeTruthy();
  expect(sent).toEqual([{ kind: "decided", decision: "maneuver", text: "The operator agrees." }]);
  expect(log().textContent).toContain("dev8 decided: maneuver");
});

it("assigns to any name where the organization has no members, and to nobody by an empty one", async () => {
  show();
  await userEvent.click(await screen.findByRole("button", { name: "Assign" }));
  await userEvent.type(screen.getByLabelText("Assign to"), "Flight dynamics");
  await userEvent.click(screen.getByRole("button", { name: "Record" }));
  expect(await screen.findByText("Flight dynamics")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Assign" }));
  await userEvent.click(screen.getByRole("button", { name: "Record" }));
  expect(await screen.findByText("nobody")).toBeTruthy();
  expect(sent).toEqual([
    { kind: "assigned", assignee: "Flight dynamics" },
    { kind: "assigned", assignee: null },
  ]);
});

it("an empty note is not sent", async () => {
  show();
  await userEvent.click(await screen.findByRole("button", { name: "Note" }));
  expect(screen.getByRole("button", { name: "Record" }).hasAttribute("disabled")).toBe(true);
});

it("what the service refuses is said, and what was typed stays", async () => {
  refusal = WRONG;
  show();
  await userEvent.click(await screen.findByRole("button", { name: "Assign" }));
  await userEvent.type(screen.getByLabelText("Assign to"), "Somebody");
  await userEvent.click(screen.getByRole("button", { name: "Record" }));
  expect((await screen.findByRole("alert")).textContent).toContain("assignee: 1 to 100 characters are due");
  expect(screen.getByLabelText<HTMLInputElement>("Assign to").value).toBe("Somebody");
});

it("who may only read sees the log and no buttons", async () => {
  scope = "read";
  notes = [note({ kind: "note", text: "They fly in formation." })];
  show();
  expect(await screen.findByText("They fly in formation.")).toBeTruthy();
  expect(screen.queryAllByRole("button")).toEqual([]);
});

it("a solution that is newer than the decision is pointed out", async () => {
  notes = [note({ kind: "decided", decision: "monitor" })];
  show({ ...CONJUNCTION, last_seen: "2026-11-29T19:24:22Z" });
  expect(await screen.findByText("There is a newer solution since the decision.")).toBeTruthy();
});

it("a decision about the newest solution stands without remark", async () => {
  notes = [note({ kind: "decided", decision: "monitor" })];
  show();
  expect(await screen.findByText("Monitor")).toBeTruthy();
  expect(screen.queryByText(/newer solution/)).toBeNull();
});
