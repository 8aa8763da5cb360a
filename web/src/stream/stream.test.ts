import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Stream, TOPICS, type Payload } from "./stream";

/** The browser's WebSocket, whose other side is the test. */
class Socket {
  static opened: Socket[] = [];
  sent: unknown[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  constructor(readonly url: string) {
    Socket.opened.push(this);
  }
  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }
  close(code = 1_006): void {
    this.onclose?.({ code });
  }
  say(message: unknown): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

function newest(): Socket {
  const socket = Socket.opened.at(-1);
  if (socket === undefined) throw new Error("no connection was opened");
  return socket;
}

const heard = { events: [] as Payload[], resets: 0, connections: [] as string[] };

async function open(position?: number, address = () => Promise.resolve("ws://service/api/v1/stream")): Promise<Stream> {
  const listener = {
    onEvent: (payload: Payload) => heard.events.push(payload),
    onReset: () => (heard.resets += 1),
    onConnection: (connection: string) => heard.connections.push(connection),
  };
  const stream = new Stream(address, listener, position);
  await vi.advanceTimersByTimeAsync(0);
  return stream;
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", Socket);
  Socket.opened = [];
  Object.assign(heard, { events: [], resets: 0, connections: [] });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("it is live once the subscription is answered, and hands on events", async () => {
  const stream = await open(41);
  newest().onopen?.();
  expect(newest().sent).toEqual([{ subscribe: [...TOPICS], after: 41 }]);
  expect(heard.connections).toEqual([]);
  newest().say({ subscribed: [...TOPICS], position: 41, reset: false });
  newest().say({ position: 42, event: { payload: { type: "run_started", run: "r" } } });
  expect(heard.connections).toEqual(["live"]);
  expect(heard.events).toEqual([{ type: "run_started", run: "r" }]);
  expect(heard.resets).toBe(0);
  stream.close();
});

test("a first subscription that may have missed something has all read anew", async () => {
  const forgotten = await open(3);
  newest().onopen?.();
  newest().say({ subscribed: [...TOPICS], position: 41, reset: true });
  expect(heard.resets).toBe(1);
  forgotten.close();

  const unknown = await open();
  newest().onopen?.();
  expect(newest().sent).toEqual([{ subscribe: [...TOPICS] }]);
  newest().say({ subscribed: [...TOPICS], position: 41, reset: false });
  expect(heard.resets).toBe(2);
  // The answer may come again at any time.
  newest().say({ subscribed: [...TOPICS], position: 44, reset: false });
  expect(heard.resets).toBe(2);
  unknown.close();
});

test("after a lost connection it goes on after the last position, and reads anew what may have been missed", async () => {
  const stream = await open(41);
  newest().onopen?.();
  newest().say({ subscribed: [...TOPICS], position: 41, reset: false });
  newest().say({ position: 57, event: { payload: { type: "run_started" } } });
  newest().close();
  expect(heard.connections).toEqual(["live", "lost"]);
  await vi.advanceTimersByTimeAsync(1_300);
  expect(Socket.opened).toHaveLength(2);
  newest().onopen?.();
  expect(newest().sent).toEqual([{ subscribe: [...TOPICS], after: 57 }]);
  newest().say({ subscribed: [...TOPICS], position: 60, reset: true });
  expect(heard.resets).toBe(1);
  stream.close();
});

test("it waits longer from one attempt to the next, at most half a minute and some, and not at all when the network is back", async () => {
  const stream = await open();
  let waited = 0;
  for (let attempts = 1; attempts <= 8; attempts += 1) {
    newest().close();
    const before = Socket.opened.length;
    for (waited = 0; Socket.opened.length === before; waited += 100) await vi.advanceTimersByTimeAsync(100);
  }
  expect(waited).toBeGreaterThan(20_000);
  expect(waited).toBeLessThanOrEqual(37_600);
  newest().close();
  const before = Socket.opened.length;
  dispatchEvent(new Event("online"));
  await vi.advanceTimersByTimeAsync(0);
  expect(Socket.opened).toHaveLength(before + 1);
  stream.close();
});

test("a line that is silent is asked, and given up where no answer comes", async () => {
  const stream = await open(41);
  newest().onopen?.();
  newest().say({ subscribed: [...TOPICS], position: 41, reset: false });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(newest().sent.slice(1)).toEqual([{ subscribe: [...TOPICS] }]);
  newest().say({ subscribed: [...TOPICS], position: 42, reset: false });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(newest().sent).toHaveLength(3);
  await vi.advanceTimersByTimeAsync(14_900);
  expect(heard.connections.at(-1)).toBe("live");
  await vi.advanceTimersByTimeAsync(100);
  expect(heard.connections.at(-1)).toBe("lost");
  await vi.advanceTimersByTimeAsync(1_300);
  expect(Socket.opened).toHaveLength(2);
  newest().onopen?.();
  expect(newest().sent).toEqual([{ subscribe: [...TOPICS], after: 42 }]);
  stream.close();
});

test("where the settings cannot be read it tries again, too", async () => {
  let failures = 2;
  const stream = await open(41, () => (failures-- > 0 ? Promise.reject(new TypeError("Failed to fetch")) : Promise.resolve("ws://service/")));
  expect(heard.connections).toEqual(["lost"]);
  await vi.advanceTimersByTimeAsync(1_300);
  expect(heard.connections).toEqual(["lost", "lost"]);
  expect(Socket.opened).toHaveLength(0);
  await vi.advanceTimersByTimeAsync(2_600);
  expect(Socket.opened.map(({ url }) => url)).toEqual(["ws://service/"]);
  stream.close();
});

test("once closed it stays closed, and what is no message of the service is left alone", async () => {
  const stream = await open();
  newest().say({ unknown: true });
  stream.close();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(Socket.opened).toHaveLength(1);
  expect(heard.events).toEqual([]);
});
