import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { useEventStep } from "@/time/reference";
import { GroundTrack } from "./ground-track";

const SETTINGS = { build: "0.1.0", environment: "laptop", api: "", stream: null, sign_in: { one_time_token: true, provider: null } };
const EARTH_RADIUS_KM = 6_378.137;
const RUN = {
  id: "01a2286d-86aa-7d76-b9aa-a0eee1b20fd6",
  state: "done",
  as_of: "2026-11-29T10:00:00Z",
  window_start: "2024-11-03T13:17:00Z",
  window_stop: "2024-11-10T13:17:00Z",
};

let newest: typeof RUN | null;
let asked: string[];

/** Along the equator, by one degree a minute from whatever start is asked for, 400 km up: over 0° at 10:00 UTC of any day. */
function states(start: string, stop: string) {
  const all = [];
  for (let at = Date.parse(start); at <= Date.parse(stop); at += 60_000) {
    const angle = (((at / 60_000) % 1_440) - 600) * (Math.PI / 180);
    const radius = EARTH_RADIUS_KM + 400;
    all.push({ time: new Date(at).toISOString(), position_km: [radius * Math.cos(angle), radius * Math.sin(angle), 0], velocity_km_s: [0, 0, 0] });
  }
  return all;
}

beforeEach(() => {
  newest = null;
  asked = [];
  vi.useFakeTimers({ toFake: ["Date", "setInterval", "clearInterval"] });
  vi.setSystemTime("2026-11-29T10:04:00Z");
  vi.stubGlobal("fetch", async (input: Request | string) => {
    if (typeof input === "string") return Response.json(SETTINGS);
    const url = new URL(input.url);
    if (url.pathname === "/api/v1/status") {
      const now = new Date().toISOString();
      const present = { now, present: newest?.window_start ?? now, of_the_past: newest !== null };
      return Response.json({ build: "0.1.0", ...present, demo: false, position: 1, messages_given_up: 0, newest_run: newest });
    }
    const [start, stop] = [url.searchParams.get("start") ?? "", url.searchParams.get("stop") ?? ""];
    asked.push(start);
    return Response.json({ catalog_number: 25544, frame: "ITRF", source: "element_set", states: states(start, stop) });
  });
});
afterEach(() => vi.useRealTimers());

function Here() {
  const startMs = useEventStep();
  return startMs === null ? null : <GroundTrack number={25544} periodMinutes={10} startMs={startMs} />;
}

function show() {
  render(
    <QueryClientProvider client={new QueryClient()}>
      <Here />
    </QueryClientProvider>,
  );
}

it("the dot is where the object is now, whenever the page came to ask, and still is after two turns", async () => {
  show();
  expect(await screen.findByText(/^Over 0\.0° N, 4\.0° E/)).toBeTruthy();
  expect(asked).toEqual(["2026-11-29T10:00:00.000Z"]);
  // Beyond the 20 minutes that were read first.
  vi.setSystemTime("2026-11-29T10:32:00Z");
  act(() => void vi.advanceTimersByTime(1_000));
  expect(await screen.findByText(/^Over 0\.0° N, 32\.0° E/)).toBeTruthy();
  expect(asked.at(-1)).toBe("2026-11-29T10:30:00.000Z");
});

it("in a catalog of the past it is where its events are counted from", async () => {
  newest = RUN;
  show();
  // 13:17 is 197 minutes after 10:00.
  expect(await screen.findByText(/^Over 0\.0° N, 163\.0° W/)).toBeTruthy();
  expect(asked).toEqual(["2024-11-03T13:17:00.000Z"]);
});
