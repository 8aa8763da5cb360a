import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { http } from "./client";
import { nextCursor } from "./csv-pages";
import { filesOf } from "./list-files";

const CURSOR = "eyJsaXN0IjoiY29uanVuY3Rpb25zIGJ5IHRjYSJ9";
// Shortened answers of the service.
const HEADER = "ID,STATUS,TCA_UTC,MISS_DISTANCE_KM\r\n";
const FIRST = "05d3e26c-ee0f-5a38-8703-90537c7d55c4,active,2024-11-03T13:17:20Z,0.000000\r\n";
const SECOND = "05f25d64-5a6c-523d-aee6-e756065f4827,active,2024-11-03T13:17:20Z,0.000000\r\n";
const LINK = `<?format=csv&limit=2&cursor=${CURSOR}>; rel="next"`;

let asked: URL[];

beforeEach(() => {
  asked = [];
  vi.stubGlobal("fetch", async (input: Request | string) => {
    if (typeof input === "string") {
      return Response.json({ build: "0.1.0", environment: "laptop", api: "", stream: null, sign_in: { one_time_token: true, provider: null } });
    }
    const url = new URL(input.url);
    asked.push(url);
    const isLast = url.searchParams.get("cursor") === CURSOR;
    return new Response(HEADER + (isLast ? SECOND : FIRST), {
      headers: { "content-type": "text/csv; charset=utf-8; header=present", ...(isLast ? {} : { link: LINK }) },
    });
  });
});
afterEach(() => vi.unstubAllGlobals());

it("the cursor of the next page stands in the header Link", () => {
  expect(nextCursor(LINK)).toBe(CURSOR);
  expect(nextCursor(`<?a=1>; rel="prev", ${LINK}`)).toBe(CURSOR);
  expect(nextCursor('<?a=1>; rel="prev"')).toBeNull();
  expect(nextCursor(null)).toBeNull();
});

it("pages of CSV become one file with one line of headings, of the same query", async () => {
  const told: number[] = [];
  const query = { sort: "tca", relation: false, max_miss_distance_km: 1 } as const;
  const { readCsv } = filesOf((added, options) => http.GET("/api/v1/conjunctions", { params: { query: { ...query, ...added } }, ...options }));
  const exported = await readCsv((rows) => told.push(rows), new AbortController().signal);
  expect(exported).toEqual({ content: HEADER + FIRST + SECOND, rows: 2, cut: false });
  expect(told).toEqual([1, 2]);
  expect(asked.map(({ searchParams }) => searchParams.get("cursor"))).toEqual([null, CURSOR]);
  for (const { searchParams } of asked) {
    expect(searchParams.get("format")).toBe("csv");
    expect(searchParams.get("sort")).toBe("tca");
    expect(searchParams.get("max_miss_distance_km")).toBe("1");
  }
});

it("all rows come in Parquet at one go; what the service refuses is thrown", async () => {
  const problem = { title: "the filters cannot be read", status: 400 };
  let refuses = false;
  vi.stubGlobal("fetch", async (input: Request | string) => {
    if (typeof input === "string") {
      return Response.json({ build: "0.1.0", environment: "laptop", api: "", stream: null, sign_in: { one_time_token: true, provider: null } });
    }
    asked.push(new URL(input.url));
    return refuses ? Response.json(problem, { status: 400 }) : new Response("PAR1", { headers: { "content-type": "application/vnd.apache.parquet" } });
  });
  const { readCsv, readParquet } = filesOf((added, options) => http.GET("/api/v1/objects", { params: { query: { search: "zarya", ...added } }, ...options }));
  const { signal } = new AbortController();
  expect(await (await readParquet(signal)).text()).toBe("PAR1");
  expect(asked.map(({ search }) => search)).toEqual(["?search=zarya&format=parquet"]);
  refuses = true;
  await expect(readParquet(signal)).rejects.toEqual(problem);
  await expect(readCsv(() => undefined, signal)).rejects.toEqual(problem);
});
