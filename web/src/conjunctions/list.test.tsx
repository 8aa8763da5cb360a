import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, renderHook, waitFor } from "@testing-library/react";
import type { ReactNode } from "react";
import { beforeEach, expect, test, vi } from "vitest";

import { READ_ANEW, useConjunctions } from "./list";

const SETTINGS = { build: null, environment: "laptop", api: "", stream: null, sign_in: { one_time_token: true, provider: null } };

let asked: string[];

beforeEach(() => {
  asked = [];
  vi.stubGlobal("fetch", async (input: Request | string) => {
    if (typeof input === "string") return Response.json(SETTINGS);
    const cursor = new URL(input.url).searchParams.get("cursor") ?? "0";
    asked.push(cursor);
    return Response.json({ items: [{ id: cursor }], next_cursor: String(Number(cursor) + 1) });
  });
});

test("after a change, of many pages that were read only the first ones are read anew, and one can go on from there", async () => {
  const client = new QueryClient();
  const wrapper = ({ children }: { children: ReactNode }) => <QueryClientProvider client={client}>{children}</QueryClientProvider>;
  const { result } = renderHook(() => useConjunctions({}), { wrapper });
  await waitFor(() => expect(result.current.data).toHaveLength(1));
  for (let pages = 2; pages <= READ_ANEW + 3; pages += 1) {
    await act(() => result.current.fetchNextPage());
    await waitFor(() => expect(result.current.data).toHaveLength(pages));
  }
  asked = [];
  await act(() => client.invalidateQueries());
  await waitFor(() => expect(result.current.data).toHaveLength(READ_ANEW));
  expect(asked).toEqual(["0", "1", "2", "3", "4"]);
  expect(result.current.hasNextPage).toBe(true);
  await act(() => result.current.fetchNextPage());
  await waitFor(() => expect(result.current.data?.at(-1)?.id).toBe("5"));
});
