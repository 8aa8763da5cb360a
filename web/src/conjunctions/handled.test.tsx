import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";

import { Handling } from "./columns";
import { found } from "./conjunctions";
import { useHandled } from "./list";

const SETTINGS = { build: "0.1.0", environment: "laptop", api: "", stream: null, sign_in: { one_time_token: true, provider: null } };
// As the service answers.
const NOTED = {
  conjunction: "9d70162e-0a1e-5dee-9955-9d2dfeb1172d",
  acknowledged_at: "2026-11-29T19:24:21.555936Z",
  acknowledged_by: "dev8",
  assignee: null,
  decision: null,
  notes: 1,
  updated: "2026-11-29T19:24:21.555936Z",
};
const FAILED = {
  type: "urn:astroshield:problem:forbidden",
  title: "this is not yours to do",
  status: 403,
  instance: "/api/v1/conjunctions/handled",
  request_id: "01a228c3-f90b-727a-9e34-1e882d695062",
};

let answer: () => Response;

beforeEach(() => {
  vi.stubGlobal("fetch", async (input: Request | string) => {
    if (typeof input === "string") return Response.json(SETTINGS);
    return answer();
  });
});

function Cell({ id }: { id: string }) {
  return <Handling all={useHandled()} id={id} />;
}

function show(id: string) {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  return render(
    <QueryClientProvider client={client}>
      <Cell id={id} />
    </QueryClientProvider>,
  );
}

it("of what nobody noted there is a dash, of what cannot be read it is unknown", async () => {
  answer = () => Response.json({ items: [NOTED], next_cursor: null });
  show(NOTED.conjunction);
  expect(await screen.findByText("acknowledged by dev8")).toBeTruthy();
  show("another");
  expect(await screen.findByText("–")).toBeTruthy();
  answer = () => Response.json(FAILED, { status: 403 });
  const refused = show("another");
  expect((await refused.findByTitle("Cannot be read: this is not yours to do")).textContent).toBe("unknown");
});

it("beyond the newest that were looked up it is unknown, too", async () => {
  answer = () => Response.json({ items: [NOTED], next_cursor: "more" });
  show("another");
  expect((await screen.findByTitle("Not among the newest 1000 that were noted about")).textContent).toBe("unknown");
});

it("a count that cannot be read is said where it would tell more than the rows", () => {
  expect(found({ count: undefined, isUnknown: true }, 200, true)).toBe("200 rows read; more as you scroll; how many match cannot be read");
  expect(found({ count: undefined, isUnknown: false }, 200, true)).toBe("200 rows read; more as you scroll");
  expect(found({ count: undefined, isUnknown: true }, 7, false)).toBe("7 conjunctions");
  expect(found({ count: 269_250, isUnknown: false }, 200, true)).toBe("269,250 conjunctions");
});
