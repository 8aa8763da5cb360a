import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, renderHook, waitFor } from "@testing-library/react";
import type { ReactNode } from "react";
import { beforeEach, expect, test, vi } from "vitest";

import { readAnew } from "@/api/changed";
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

test("after a change, many pages that were read stay where they are, are marked as old, and are read anew by hand", async () => {
  const client = new QueryClient();
  const wrapper = ({ children }: { children: ReactNode }) => <QueryClientProvider client={client}>{children}</QueryClientProvider>;
  const { result } = renderHook(() => useConjunctions({}), { wrapper });
  await waitFor(() => expect(result.current.data).toHaveLength(1));
  for (let pages = 2; pages <= READ_ANEW; pages += 1) await act(() => result.current.fetchNextPage());
  asked = [];
  await act(() => readAnew(client, ["/api/v1/conjunctions"]));
  expect(asked).toEqual(["0", "1", "2", "3", "4"]);
  expect(result.current.isOld).toBe(false);

  for (let pages = READ_ANEW + 1; pages <= READ_ANEW + 3; pages += 1) await act(() => result.current.fetchNextPage());
  await waitFor(() => expect(result.current.data).toHaveLength(READ_ANEW + 3));
  expect(result.current.isOld).toBe(false);
  asked = [];
  await act(() => readAnew(client, ["/api/v1/conjunctions"]));
  await waitFor(() => expect(result.current.isOld).toBe(true));
  expect(result.current.data).toHaveLength(READ_ANEW + 3);
  expect(asked).toEqual([]);
  // Reading on does not make the rows above new.
  await act(() => result.current.fetchNextPage());
  await waitFor(() => expect(result.current.data).toHaveLength(READ_ANEW + 4));
  expect(result.current.isOld).toBe(true);

  asked = [];
  act(() => result.current.readAnew());
  await waitFor(() => expect(result.current.data).toHaveLength(READ_ANEW));
  expect(asked).toEqual(["0", "1", "2", "3", "4"]);
  expect(result.current.hasNextPage).toBe(true);
  await act(() => result.current.fetchNextPage());
  await waitFor(() => expect(result.current.data?.at(-1)?.id).toBe("5"));
  expect(result.current.isOld).toBe(false);
});

test("who comes back to many pages finds them as they were, also where they are old", async () => {
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: 0 } } });
  const wrapper = ({ children }: { children: ReactNode }) => <QueryClientProvider client={client}>{children}</QueryClientProvider>;
  const first = renderHook(() => useConjunctions({}), { wrapper });
  await waitFor(() => expect(first.result.current.data).toHaveLength(1));
  for (let pages = 2; pages <= READ_ANEW + 1; pages += 1) await act(() => first.result.current.fetchNextPage());
  first.unmount();
  await readAnew(client, ["/api/v1/conjunctions"]);
  asked = [];
  const { result } = renderHook(() => useConjunctions({}), { wrapper });
  await waitFor(() => expect(result.current.isOld).toBe(true));
  expect(result.current.data).toHaveLength(READ_ANEW + 1);
  expect(asked).toEqual([]);
});
