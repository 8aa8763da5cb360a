import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { beforeEach, expect, it, vi } from "vitest";

import type { Schemas } from "@/api/client";
import { Keys } from "@/shell/keys";
import { Palette } from "@/shell/palette";
import { keep } from "@/ui/kept";
import type { Note } from "./handling";
import { HandlingPanel } from "./handling-panel";
import { CONJUNCTION } from "./samples";

const push = vi.fn();
vi.mock("next/navigation", () => ({ useRouter: () => ({ push }) }));

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
let history: Schemas["HistoryRow"][];
let historyReadings: number;
/** Alerts about the event that are open. */
let open: string[];
/** Names of members, as those learn them who are no administrators. */
let names: string[];
let members: Schemas["MemberRow"][];
let sent: unknown[];
let refusal: Schemas["Problem"] | undefined;
/** When a note is answered. */
let later: Promise<void>;

beforeEach(() => {
  vi.clearAllMocks();
  keep("astroshield.single-keys", null);
  scope = "write";
  notes = [];
  history = [];
  historyReadings = 0;
  open = [];
  names = [];
  members = [];
  sent = [];
  refusal = undefined;
  later = Promise.resolve();
  vi.stubGlobal("fetch", async (input: Request | string) => {
    if (typeof input === "string") return Response.json({ build: "0.1.0", environment: "laptop", api: "", stream: null, sign_in: { one_time_token: true, provider: null } });
    const path = new URL(input.url).pathname;
    if (path === "/api/v1/session") return Response.json({ tenant: "local", name: "dev8", scope });
    if (path === `/api/v1/conjunctions/${CONJUNCTION.id}/history`) {
      historyReadings += 1;
      return Response.json({ items: history, next_cursor: null });
    }
    const answeredTo = /^\/api\/v1\/alerts\/(\w+)\/acknowledge$/.exec(path)?.[1];
    if (answeredTo !== undefined) {
      open = open.filter((id) => id !== answeredTo);
      return Response.json({ id: answeredTo, state: "acknowledged" });
    }
    if (path === "/api/v1/alerts") {
      const elsewhere = { id: "elsewhere", subject: { kind: "conjunction", conjunction: crypto.randomUUID() } };
      const about = open.map((id) => ({ id, subject: { kind: "conjunction", conjunction: CONJUNCTION.id } }));
      return Response.json({ items: [elsewhere, ...about], next_cursor: null });
    }
    if (path === "/api/v1/members/names") return Response.json({ items: names.map((name) => ({ name })), next_cursor: null });
    if (path === "/api/v1/members" && scope === "admin") return Response.json({ items: members, next_cursor: null });
    if (`${input.method} ${path}` !== NOTES) return Response.json({ items: notes, next_cursor: null });
    const body = (await input.json()) as Schemas["NoteBody"];
    sent.push(body);
    await later;
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

const offered = (field: HTMLInputElement) => [...(field.list?.options ?? [])].map(({ value }) => value);

it("offers the names of members to whoever assigns, and says who is not among them", async () => {
  names = ["Ann", "Zoe"];
  show();
  await userEvent.click(await screen.findByRole("button", { name: "Assign" }));
  const field = screen.getByLabelText<HTMLInputElement>("Assign to");
  await expect.poll(() => offered(field)).toEqual(["Ann", "Zoe"]);
  expect(screen.getByText(/Members without a name are not listed/).id).toBe(field.getAttribute("aria-describedby"));
});

it("offers administrators the addresses of members without a name, too, and nobody who has not accepted", async () => {
  scope = "admin";
  const member = (some: Partial<Schemas["MemberRow"]>): Schemas["MemberRow"] => ({
    id: crypto.randomUUID(),
    role: "operator",
    invited: false,
    added: "2026-11-29T19:24:21.555936Z",
    ...some,
  });
  members = [
    member({ name: "Zoe", email: "zoe@example.org" }),
    member({ name: null, email: "ann@example.org" }),
    member({ name: null, email: null, subject: "s3" }),
    member({ name: "Zoe", email: null }),
    member({ name: null, email: "later@example.org", invited: true }),
  ];
  show();
  await userEvent.click(await screen.findByRole("button", { name: "Assign" }));
  const field = screen.getByLabelText<HTMLInputElement>("Assign to");
  await expect.poll(() => offered(field)).toEqual(["Zoe", "ann@example.org"]);
  expect(screen.queryByText(/not listed/)).toBeNull();
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

const solution = (at: string, some: Partial<Schemas["HistoryRow"]>): Schemas["HistoryRow"] => ({
  ...CONJUNCTION,
  at,
  epochs: [null, null],
  grades: ["gp", "gp"],
  ...some,
});
const LATER = { ...CONJUNCTION, last_seen: "2026-11-29T20:00:00Z" };
const DECIDED = note({ kind: "decided", decision: "monitor" });

it("a newer solution is pointed out, with both values, where it is another one than that of the decision", async () => {
  notes = [DECIDED];
  history = [
    solution("2026-11-29T11:00:00Z", { maximum_probability: 1e-9 }),
    solution("2026-11-29T19:00:00Z", { maximum_probability: 0.0012, miss_distance_km: 0.5 }),
    solution(LATER.last_seen, {}),
  ];
  show(LATER);
  expect((await screen.findByText(/^Since the decision/)).textContent).toBe(
    "Since the decision: probability from 1.2 × 10⁻³ to 3.7 × 10⁻², miss distance from 500 m to 101 m.",
  );
});

it("a newer solution that differs by noise is none to decide about anew", async () => {
  notes = [DECIDED];
  history = [solution("2026-11-29T19:00:00Z", { maximum_probability: 0.02, miss_distance_km: 0.11 })];
  show(LATER);
  expect(await screen.findByText("Monitor")).toBeTruthy();
  await screen.findByRole("button", { name: "Acknowledge" });
  expect(screen.queryByText(/decision[:;]/)).toBeNull();
});

it("where the solution of the decision is not kept, that is said of a newer one", async () => {
  notes = [DECIDED];
  show(LATER);
  expect(await screen.findByText("There is a newer solution since the decision; that of the decision is not known.")).toBeTruthy();
});

it("an event that became ten times as likely asks for another acknowledgment", async () => {
  notes = [note({ kind: "acknowledged" })];
  history = [solution("2026-11-29T19:00:00Z", { maximum_probability: 0.0036 })];
  show(LATER);
  await userEvent.click(await screen.findByRole("button", { name: "Acknowledge again" }));
  await expect.poll(() => sent).toEqual([{ kind: "acknowledged" }]);
});

it("an event that became likelier by less does not", async () => {
  notes = [note({ kind: "acknowledged" })];
  history = [solution("2026-11-29T19:00:00Z", { maximum_probability: 0.0038 })];
  show(LATER);
  await screen.findByRole("button", { name: "Decide" });
  await expect.poll(() => historyReadings).toBe(1);
  expect(screen.queryByRole("button", { name: /^Acknowledge/ })).toBeNull();
});

it("offers to acknowledge the alerts about an event that was acknowledged, which would be escalated", async () => {
  notes = [note({ kind: "acknowledged" })];
  open = ["first", "second"];
  show();
  await userEvent.click(await screen.findByRole("button", { name: "Acknowledge all 2" }));
  await expect.poll(() => open).toEqual([]);
  await expect.poll(() => screen.queryByText(/still open/)).toBeNull();
});

it("does not speak of alerts before the event itself was acknowledged", async () => {
  open = ["first"];
  show();
  await userEvent.click(await screen.findByRole("button", { name: "Acknowledge" }));
  expect(await screen.findByRole("button", { name: "Acknowledge it, too" })).toBeTruthy();
});

it("a decision about the newest solution stands without remark", async () => {
  notes = [note({ kind: "decided", decision: "monitor" })];
  show();
  expect(await screen.findByText("Monitor")).toBeTruthy();
  expect(screen.queryByText(/decision[:;]/)).toBeNull();
});

/** With what is around every page. */
function showWithShell() {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const Around = () => {
    const [palette, setPalette] = useState(false);
    return (
      <QueryClientProvider client={client}>
        <HandlingPanel conjunction={CONJUNCTION} />
        <Palette open={palette} onOpenChange={setPalette} />
        <Keys openPalette={() => setPalette(true)} />
      </QueryClientProvider>
    );
  };
  return render(<Around />);
}

const ACTIONS = [
  ["a", "Go to Acknowledge"],
  ["s", "Assign"],
  ["d", "Decide"],
  ["n", "Note"],
] as const;

it("a key leads to the button that acknowledges, and does nothing that stays; afterwards it is gone from the help", async () => {
  showWithShell();
  await screen.findByRole("button", { name: "Acknowledge" });
  await userEvent.keyboard("?");
  for (const [key, name] of ACTIONS) {
    expect(within(screen.getByRole("dialog", { name: "Keys" })).getByRole("row", { name: `${key} This page: ${name}` })).toBeTruthy();
  }
  // What is typed over the page acts on nothing of it.
  await userEvent.keyboard("a{Escape}");
  const button = screen.getByRole("button", { name: "Acknowledge" });
  expect(document.activeElement).not.toBe(button);
  await userEvent.keyboard("aa");
  expect(document.activeElement).toBe(button);
  expect(sent).toEqual([]);
  await userEvent.keyboard("{Enter}");
  expect(await screen.findByText("by dev8")).toBeTruthy();
  expect(document.activeElement).toBe(screen.getByRole("button", { name: "Assign" }));
  await userEvent.keyboard("a?");
  expect(sent).toEqual([{ kind: "acknowledged" }]);
  expect(screen.queryByRole("row", { name: /Acknowledge/ })).toBeNull();
});

it("what acknowledges keeps the focus while that is under way and where it is refused, and is told once", async () => {
  refusal = WRONG;
  showWithShell();
  await screen.findByRole("button", { name: "Acknowledge" });
  let answer: () => void = () => undefined;
  later = new Promise((resolve) => (answer = resolve));
  await userEvent.keyboard("a{Enter}");
  const button = screen.getByRole("button", { name: "Acknowledge" });
  await expect.poll(() => button.getAttribute("aria-disabled")).toBe("true");
  await userEvent.keyboard("{Enter}");
  answer();
  expect(await screen.findByRole("alert")).toBeTruthy();
  expect(document.activeElement).toBe(button);
  expect(sent).toEqual([{ kind: "acknowledged" }]);
});

it("who turned keys of a single letter off has none of them, and still finds everything in the palette", async () => {
  keep("astroshield.single-keys", "off");
  showWithShell();
  const button = await screen.findByRole("button", { name: "Acknowledge" });
  expect(button.hasAttribute("aria-keyshortcuts")).toBe(false);
  expect(button.hasAttribute("data-tip")).toBe(false);
  await userEvent.keyboard("asdn?/gc");
  expect(document.activeElement).toBe(document.body);
  expect(screen.queryByRole("dialog")).toBeNull();
  expect(screen.queryByRole("form")).toBeNull();
  expect(push).not.toHaveBeenCalled();
  await userEvent.keyboard("{Control>}k{/Control}");
  const options = within(await screen.findByRole("group", { name: "This page" })).getAllByRole("option");
  expect(options.map(({ textContent }) => textContent)).toEqual(["Go to Acknowledge", "Assign", "Decide", "Note"]);
  expect(screen.getByRole("option", { name: /^Today/ }).textContent).not.toMatch(/g t$/);
  await userEvent.keyboard("ackn{Enter}");
  await expect.poll(() => document.activeElement).toBe(button);
  expect(sent).toEqual([]);
});

it("a key opens the form with the focus in it and without the letter, and the focus is at its button afterwards", async () => {
  showWithShell();
  await screen.findByRole("button", { name: "Note" });
  for (const [key, name, field] of [
    ["s", "Assign", "Assign to"],
    ["n", "Note", "Note"],
    ["d", "Decide", "Decision"],
  ] as const) {
    await userEvent.keyboard(key);
    const form = within(screen.getByRole("form", { name }));
    expect(document.activeElement).toBe(form.getByLabelText(field));
    if (key !== "d") expect(form.getByLabelText<HTMLInputElement>(field).value).toBe("");
    await userEvent.keyboard("{Escape}");
    expect(screen.queryByRole("form", { name })).toBeNull();
    expect(document.activeElement).toBe(screen.getByRole("button", { name }));
  }
  // In a field, letters are text.
  await userEvent.keyboard("n");
  await userEvent.keyboard("dans");
  expect(screen.getByRole<HTMLTextAreaElement>("textbox", { name: "Note" }).value).toBe("dans");
  expect(sent).toEqual([]);
});

it("after g, a letter leads to a page and does nothing to the event", async () => {
  showWithShell();
  await screen.findByRole("button", { name: "Acknowledge" });
  await userEvent.keyboard("ga");
  expect(push).toHaveBeenCalledWith("/alerts");
  // Of no page, either.
  await userEvent.keyboard("gd");
  expect(screen.queryByRole("form")).toBeNull();
  expect(sent).toEqual([]);
});

it("the palette does the same, after the pages, and gives the focus to the form", async () => {
  showWithShell();
  await screen.findByRole("button", { name: "Decide" });
  await userEvent.keyboard("/");
  const options = within(await screen.findByRole("group", { name: "This page" })).getAllByRole("option");
  expect(options.map(({ textContent }) => textContent)).toEqual(["Go to Acknowledgea", "Assigns", "Decided", "Noten"]);
  await userEvent.keyboard("deci{Enter}");
  await expect.poll(() => document.activeElement).toBe(await screen.findByLabelText("Decision"));
  expect(sent).toEqual([]);
});

it("who may only read has no such keys, in the help and in the palette neither, and nobody has them elsewhere", async () => {
  scope = "read";
  notes = [note({ kind: "note", text: "They fly in formation." })];
  const { unmount } = showWithShell();
  await screen.findByText("They fly in formation.");
  await userEvent.keyboard("asdn?");
  expect(screen.queryByRole("row", { name: /This page/ })).toBeNull();
  await userEvent.keyboard("{Escape}/");
  expect(screen.queryByRole("group", { name: "This page" })).toBeNull();
  expect(screen.queryByRole("form")).toBeNull();
  unmount();

  scope = "write";
  const shown = showWithShell();
  await screen.findByRole("button", { name: "Decide" });
  shown.rerender(<Keys openPalette={() => undefined} />);
  await userEvent.keyboard("?");
  expect(screen.getByRole("row", { name: /Today/ })).toBeTruthy();
  expect(screen.queryByRole("row", { name: /This page/ })).toBeNull();
  expect(sent).toEqual([]);
});
