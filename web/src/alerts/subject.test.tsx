import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";

import { CONJUNCTION } from "@/event/samples";
import { SubjectInWords } from "./subject";

const RULE = "01a228ad-7822-78a7-bc5d-3a136578824c";

it("says where the rule that raised an alert cannot be read, and leads there all the same", async () => {
  vi.stubGlobal("fetch", async (input: Request | string) => {
    if (typeof input === "string") {
      return Response.json({ build: null, environment: "laptop", api: "", stream: null, sign_in: { one_time_token: true, provider: null } });
    }
    if (new URL(input.url).pathname === "/api/v1/rules") throw new TypeError("Failed to fetch");
    return Response.json(CONJUNCTION);
  });
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <QueryClientProvider client={client}>
      <SubjectInWords subject={{ kind: "conjunction", conjunction: CONJUNCTION.id, rule: RULE }} />
    </QueryClientProvider>,
  );
  expect((await screen.findByText(/whose name cannot be read/)).textContent).toBe(
    `Raised by the rule ${RULE}, whose name cannot be read: the service does not answer`,
  );
  expect(screen.getByRole("link", { name: RULE }).getAttribute("href")).toContain(`/rules?id=${RULE}`);
});
