import { QueryClientProvider } from "@tanstack/react-query";
import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { cloneElement } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { newQueryClient } from "@/api/client";
import { GlobePage } from "@/globe/page";
import { OMM_CSV } from "@/globe/recorded";
import { ObjectPage } from "@/object/object";
import { Sources } from "@/object/sources";
import type { ObjectRow } from "./columns";
import { Objects } from "./objects";

// What the service answered, shortened.
const ISS = {
  catalog_number: 25_544,
  name: "ISS (ZARYA)",
  international_designator: "1998-067A",
  kind: "unknown",
  status: null,
  owner: null,
  launch_date: null,
  decay_date: null,
  radar_cross_section_m2: null,
  epoch: "2024-10-31T13:56:02.456736Z",
  source: "file",
  grade: "gp",
  perigee_km: 408.0498156354279,
  apogee_km: 420.2297227515455,
  inclination_deg: 51.6392,
  period_min: 92.85010608105276,
};
const ELEMENTS = {
  catalog_number: 25_544,
  name: "ISS (ZARYA)",
  international_designator: "1998-067A",
  epoch: "2024-10-31T13:56:02.456736Z",
  mean_motion_rev_day: 15.50886758,
  eccentricity: 0.0008966,
  inclination_deg: 51.6392,
  raan_deg: 359.7717,
  argument_of_perigee_deg: 122.2149,
  mean_anomaly_deg: 237.971,
  bstar_inv_earth_radii: 0.00060166,
  mean_motion_dot_rev_day2: 0.0003518,
  mean_motion_ddot_rev_day3: 0.0,
  element_set_number: 999,
  revolution_at_epoch: 47_970,
  source: "file",
  grade: "gp",
  ingest: "01a2286d-710e-7818-b85d-599373019d15",
  arrived: "2026-11-29T17:49:50.753248Z",
};
const DECAYED = {
  type: "urn:astroshield:problem:unprocessable",
  title: "the request cannot be done",
  status: 422,
  detail: "at 2026-11-29T18:00:00Z: decayed: radius 5964.467 km is below the surface at 1093203.959 min since epoch",
  instance: "/api/v1/objects/25544/ephemeris",
  request_id: "01a22870-4d21-70d4-8e3d-945f48911553",
};
const NONE = {
  type: "urn:astroshield:problem:not-found",
  title: "there is no such thing",
  status: 404,
  detail: "no such object: 999999",
  instance: "/api/v1/objects/999999",
  request_id: "01a228a6-fafa-73bf-9898-7b316fa4e11e",
};
const STATUS = {
  build: "0.1.0+93bad9409a01",
  now: "2026-11-29T17:52:58.087129Z",
  present: "2026-11-29T17:52:58.087129Z",
  of_the_past: false,
  demo: false,
  newest_arrival: "2026-11-29T17:49:50.753248Z",
  newest_epoch: "2024-10-31T21:36:34.985952Z",
  position: 38,
  messages_given_up: 0,
  newest_run: null,
};
const EMPTY = { items: [], next_cursor: null };

let query = new URLSearchParams();
let asked: URL[] = [];
let answers: Record<string, [status: number, body: unknown]> = {};

vi.mock("next/navigation", () => ({ useSearchParams: () => query, useRouter: () => ({ push: vi.fn() }) }));

beforeEach(() => {
  query = new URLSearchParams();
  asked = [];
  answers = {};
  vi.stubGlobal("fetch", async (input: RequestInfo | URL) => {
    const url = new URL(input instanceof Request ? input.url : input, location.origin);
    asked.push(url);
    if (url.pathname === "/config.json") {
      return Response.json({ build: null, environment: "test", api: "", stream: null, sign_in: { one_time_token: true, provider: null } });
    }
    const [status, body] = answers[url.pathname] ?? [200, EMPTY];
    if (typeof body === "string") return new Response(body, { status });
    return Response.json(body, { status, headers: { "content-type": status < 400 ? "application/json" : "application/problem+json" } });
  });
});
afterEach(() => vi.unstubAllGlobals());

/** The propagator, not in a worker but in the page of the test. */
class WorkerHere {
  onmessage: ((event: { data: unknown }) => void) | null = null;
  private readonly hear = new Promise<(event: { data: unknown }) => void>((resolve) => {
    vi.stubGlobal("self", {
      addEventListener: (_: string, listener: (event: { data: unknown }) => void) => resolve(listener),
      postMessage: (data: unknown) => this.onmessage?.({ data }),
    });
    void import("@/globe/worker");
  });
  postMessage(data: unknown): void {
    void this.hear.then((hear) => hear({ data }));
  }
  terminate(): void {}
}

function show(page: React.ReactElement) {
  const client = newQueryClient();
  // Another element each time: React does not draw the same one anew.
  const whole = () => <QueryClientProvider client={client}>{cloneElement(page)}</QueryClientProvider>;
  const { rerender } = render(whole());
  return { rerender: () => rerender(whole()) };
}

const lastSearch = () => asked.filter(({ pathname }) => pathname === "/api/v1/objects").at(-1)?.search;

describe("Objects", () => {
  it("lists what the service answers, with units", async () => {
    answers["/api/v1/objects"] = [200, { items: [ISS], next_cursor: null }];
    show(<Objects />);
    expect(screen.getByText("Loading objects")).toBeDefined();
    const row = await screen.findByRole("row", { name: /25544/ });
    expect(within(row).getByText("408 km")).toBeDefined();
    expect(within(row).getByText("92.9 min")).toBeDefined();
    expect(screen.getByText("1 read, that is all")).toBeDefined();
    // The first page is asked for without a cursor.
    expect(asked.find(({ pathname }) => pathname === "/api/v1/objects")?.searchParams.has("cursor")).toBe(false);
  });

  it("asks the service for what is typed, and keeps it in the address", async () => {
    show(<Objects />);
    await userEvent.type(screen.getByRole("searchbox", { name: "Search" }), "iss");
    await userEvent.selectOptions(screen.getByRole("combobox", { name: "Kind" }), "debris");
    await userEvent.type(screen.getByRole("textbox", { name: "Apogee to (km)" }), "high");
    expect(screen.getByText("A number of km is due.")).toBeDefined();
    expect(location.search).toBe("?search=iss&kind=debris&max_apogee_km=high");
    expect(await screen.findByText("No object matches")).toBeDefined();
    await expect.poll(lastSearch).toBe("?search=iss&kind=debris&limit=200");
  });

  it("asks once nobody types any more, and says that what it shows is of before", async () => {
    answers["/api/v1/objects"] = [200, { items: [ISS], next_cursor: null }];
    show(<Objects />);
    await screen.findByText("1 read, that is all");
    await userEvent.type(screen.getByRole("searchbox", { name: "Search" }), "zarya");
    expect(screen.getByText("Filtering")).toBeDefined();
    expect(await screen.findByText("1 read, that is all")).toBeDefined();
    expect(lastSearch()).toBe("?search=zarya&limit=200");
    expect(asked.filter(({ pathname }) => pathname === "/api/v1/objects")).toHaveLength(2);
  });

  it("a way to the page without filters takes them back, and what is typed is not taken for one", async () => {
    query = new URLSearchParams("search=iss");
    const { rerender } = show(<Objects />);
    const field = screen.getByRole<HTMLInputElement>("searchbox", { name: "Search" });
    expect(field.value).toBe("iss");
    await userEvent.type(field, " z");
    // The address comes later than what is typed.
    query = new URLSearchParams("search=iss");
    rerender();
    expect(field.value).toBe("iss z");
    query = new URLSearchParams("search=iss z");
    rerender();
    expect(field.value).toBe("iss z");
    // The keys g and o.
    query = new URLSearchParams();
    rerender();
    expect(field.value).toBe("");
    await expect.poll(lastSearch).toBe("?limit=200");
  });

  it("says what went wrong", async () => {
    answers["/api/v1/objects"] = [422, { ...DECAYED, detail: "at most 100 characters are taken", field: "search" }];
    show(<Objects />);
    expect((await screen.findByRole("alert")).textContent).toContain("search: at most 100 characters are taken");
  });
});

describe("Object", () => {
  it("says how to name one where none is named", () => {
    show(<ObjectPage />);
    expect(screen.getByText("No object is named")).toBeDefined();
  });

  it("says that there is no such object", async () => {
    query = new URLSearchParams("number=999999");
    answers["/api/v1/objects/999999"] = [404, NONE];
    show(<ObjectPage />);
    expect(await screen.findByText(/There is no such object: no such object: 999999/)).toBeDefined();
  });

  it("tells identity and elements, what is missing, and why there is no track", async () => {
    query = new URLSearchParams("number=25544");
    answers["/api/v1/status"] = [200, STATUS];
    answers["/api/v1/objects/25544"] = [200, ISS];
    answers["/api/v1/objects/25544/element-sets"] = [200, { items: [ELEMENTS], next_cursor: null }];
    answers["/api/v1/objects/25544/ephemeris"] = [422, DECAYED];
    show(<ObjectPage />);
    expect(await screen.findByRole("heading", { name: "ISS (ZARYA)" })).toBeDefined();
    expect(await screen.findByText("15.50886758 rev/day")).toBeDefined();
    expect(await screen.findByText("One element set so far")).toBeDefined();
    expect(await screen.findByText("No active conjunction")).toBeDefined();
    expect(await screen.findByText(/Cannot read states: .*decayed/)).toBeDefined();
    expect(await screen.findByText("No states at this time")).toBeDefined();
    expect(screen.getByRole("link", { name: "TLE" }).getAttribute("href")).toBe("/api/v1/objects/25544/element-sets?format=tle&limit=1");
    expect(screen.getByRole("link", { name: "On the globe" }).getAttribute("href")).toContain("/globe");
  });
});

describe("Data sources", () => {
  it("does not take a service that fails for an object without states", async () => {
    answers["/api/v1/objects/25544/ephemeris"] = [503, { ...DECAYED, status: 503, detail: "the storage does not answer" }];
    show(<Sources object={ISS as ObjectRow} rows={[]} hasOlder={false} startMs={Date.parse("2026-11-29T18:00:00Z")} />);
    expect(await screen.findByText(`Cannot be read: the storage does not answer (request ${DECAYED.request_id})`)).toBeDefined();
    expect(screen.queryByText("No states at this time")).toBeNull();
  });
});

describe("Globe", () => {
  it("without WebGL says so, and has its list and filters all the same", async () => {
    answers["/api/v1/status"] = [200, STATUS];
    answers["/api/v1/element-sets"] = [200, OMM_CSV];
    vi.stubGlobal("Worker", WorkerHere);
    // jsdom has no canvas: `getContext` is not implemented and gives nothing.
    HTMLCanvasElement.prototype.getContext = () => null;
    show(<GlobePage />);
    expect((await screen.findByRole("alert", {}, { timeout: 10_000 })).textContent).toContain("The globe cannot be drawn");
    expect(screen.getByRole("searchbox", { name: /Search by name/ })).toBeDefined();
    expect(screen.getByRole("group", { name: "Speed" })).toBeDefined();
    expect(await screen.findByRole("button", { name: /ISS \(ZARYA\)/ }, { timeout: 10_000 })).toBeDefined();
  }, 25_000);
});
