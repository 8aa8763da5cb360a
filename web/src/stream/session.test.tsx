import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, render, screen, waitFor } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";

import { useMay, useSameSession } from "@/shell/session";
import { StreamProvider, useStream } from "./provider";

/** A connection that the service ends when the test says so. */
class Socket {
  static newest: Socket | undefined;
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  constructor() {
    Socket.newest = this;
  }
  send(): void {}
  close(): void {}
}

const SETTINGS = { build: null, environment: "laptop", api: "", stream: null, sign_in: { one_time_token: false, provider: "/auth/login" } };

const reload = vi.fn();
let session: { tenant: string; name: string; scope: string };

beforeEach(() => {
  reload.mockClear();
  Socket.newest = undefined;
  session = { tenant: "local", name: "ada@example.org", scope: "read" };
  vi.stubGlobal("WebSocket", Socket);
  vi.stubGlobal("location", { origin: location.origin, pathname: "/", search: "", reload });
  vi.stubGlobal("fetch", async (input: Request | string) => {
    if (typeof input === "string") return Response.json(SETTINGS);
    return Response.json(new URL(input.url).pathname === "/api/v1/session" ? session : { position: 7 });
  });
});

function Page() {
  useSameSession();
  const { connection } = useStream();
  const may = useMay("write");
  return (
    <p>
      {connection}, {may ? "may write" : "may look"}
    </p>
  );
}

async function show() {
  render(
    <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false, staleTime: Infinity } } })}>
      <StreamProvider>
        <Page />
      </StreamProvider>
    </QueryClientProvider>,
  );
  await screen.findByText("connecting, may look");
  await waitFor(() => expect(Socket.newest).toBeDefined());
  act(() => Socket.newest?.onopen?.());
}

it("a lost stream has the page ask what somebody may do: the service ends it when that has changed", async () => {
  await show();
  session.scope = "write";
  act(() => Socket.newest?.onclose?.());
  expect(await screen.findByText("lost, may write")).toBeDefined();
  expect(reload).not.toHaveBeenCalled();
});

it("the page is loaded anew where somebody works in another organization by now, or is somebody else", async () => {
  await show();
  session = { ...session, tenant: "lunar-ops" };
  act(() => Socket.newest?.onclose?.());
  await waitFor(() => expect(reload).toHaveBeenCalled());
});
