import { MutationObserver, QueryObserver, onlineManager } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, test } from "vitest";

import { newQueryClient } from "./client";

// The library listens to the window only while a client is mounted.
const client = newQueryClient();
beforeEach(() => client.mount());
afterEach(() => {
  dispatchEvent(new Event("online"));
  client.unmount();
});

test("where the browser says that it is offline, the service on this machine is asked and told all the same", async () => {
  dispatchEvent(new Event("offline"));
  expect(onlineManager.isOnline()).toBe(false);
  const query = new QueryObserver(client, { queryKey: ["objects"], queryFn: async () => "read" });
  const stop = query.subscribe(() => undefined);
  expect(query.getCurrentResult().fetchStatus).toBe("fetching");
  await expect.poll(() => query.getCurrentResult().data).toBe("read");
  stop();

  const mutation = new MutationObserver(client, { mutationFn: async () => "noted" });
  void mutation.mutate();
  await expect.poll(() => mutation.getCurrentResult().data).toBe("noted");
});

test("what is shown is read anew once the browser is online again", async () => {
  let readings = 0;
  const query = new QueryObserver(client, { queryKey: ["alerts"], staleTime: 0, queryFn: async () => (readings += 1) });
  const stop = query.subscribe(() => undefined);
  await expect.poll(() => readings).toBe(1);
  dispatchEvent(new Event("offline"));
  dispatchEvent(new Event("online"));
  await expect.poll(() => readings).toBe(2);
  stop();
});
