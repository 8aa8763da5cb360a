import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";

import { Feeds } from "./feeds";
import { inOrder, stateOf, type Feed } from "./order";
import { Runs } from "./runs";

// As the service answered.
const FILE: Feed = {
  name: "file",
  kind: "element_sets",
  interval_s: 60,
  stale: false,
  stale_after_s: 31536000,
  stopped: false,
  asked: "2026-11-29T17:52:50.438217Z",
  confirmed: "2026-11-29T17:52:50.438217Z",
  changed: "2026-11-29T17:49:50.433102Z",
  not_before: "2026-11-29T17:53:50.438217Z",
  failures: 0,
  problem: null,
  records: 26834,
};
const RUN = {
  id: "01a2286d-86aa-7d76-b9aa-a0eee1b20fd6",
  public: true,
  kind: "catalog",
  state: "completed",
  as_of: "2026-11-29T17:49:56.266916Z",
  window_start: "2024-11-03T13:17:20Z",
  window_stop: "2024-11-10T13:17:20Z",
  threshold_km: 5.0,
  slices: 29,
  slices_done: 29,
  objects: 26813,
  not_screened: 64,
  conjunctions: 269250,
  started: "2026-11-29T17:49:56.266916Z",
  finished: "2026-11-29T17:50:14.28314Z",
  problem: null,
  build: "0.1.0+93bad9409a01",
};

let answers: Record<string, unknown>;

beforeEach(() => {
  answers = {};
  vi.stubGlobal("fetch", async (input: Request | string) => {
    if (typeof input === "string") {
      return Response.json({ build: null, environment: "laptop", api: "", stream: null, sign_in: { one_time_token: true, provider: null } });
    }
    return Response.json(answers[new URL(input.url).pathname]);
  });
});

function show(shown: React.ReactNode) {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(<QueryClientProvider client={client}>{shown}</QueryClientProvider>);
}

it("has feeds that need somebody first", () => {
  const stale = { ...FILE, name: "z", stale: true };
  const stopped = { ...FILE, name: "y", stopped: true };
  const failing = { ...FILE, name: "x", failures: 2 };
  const gone = { ...FILE, name: "a", kind: null };
  const unasked = { ...FILE, name: "b", asked: null };
  expect(inOrder([gone, FILE, unasked, failing, stale, stopped]).map(stateOf)).toEqual(["stopped", "stale", "failing", "unasked", "good", "gone"]);
});

it("says of a feed how it is, and why it failed", async () => {
  answers["/api/v1/feeds"] = { items: [FILE, { ...FILE, name: "satcat", kind: "satcat", failures: 3, problem: "HTTP 503" }], next_cursor: null };
  show(<Feeds />);
  const rows = await screen.findAllByRole("row");
  expect(rows[1]?.textContent).toContain("satcatfailingSATCAT");
  expect(rows[2]?.textContent).toContain("It said: HTTP 503.");
  expect(rows[3]?.textContent).toContain("filegoodelement sets");
  expect(rows[3]?.textContent).toContain("26,834");
});

it("says what to do where no feed is set", async () => {
  answers["/api/v1/feeds"] = { items: [], next_cursor: null };
  show(<Feeds />);
  expect(await screen.findByText("No feed is set")).toBeDefined();
});

it("says of a run what it screened, and of a failed one why", async () => {
  const failed = { ...RUN, id: "01a2286d-86aa-7d76-b9aa-a0eee1b20fd7", state: "failed", problem: "the store does not answer" };
  answers["/api/v1/runs"] = { items: [failed, RUN], next_cursor: null };
  show(<Runs />);
  expect(await screen.findByText(/It failed: the store does not answer\./)).toBeDefined();
  const rows = screen.getAllByRole("row");
  expect(rows[1]?.textContent).not.toContain("269,250");
  for (const part of ["completed", "2024-11-03 13:17:20 UTC", "5 km", "26,813", "269,250", "18 s", "64: show"]) expect(rows[3]?.textContent).toContain(part);
});
