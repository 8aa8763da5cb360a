import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

import type { Answer, Request } from "./messages";
import { ISS, OMM_CSV } from "./recorded";

const answers: Answer[] = [];
let hear: ((event: { data: Request }) => void) | undefined;

async function answered<T extends Answer["type"]>(type: T): Promise<Extract<Answer, { type: T }>> {
  await expect.poll(() => answers.length, { timeout: 10_000 }).toBeGreaterThan(0);
  const answer = answers.find((one): one is Extract<Answer, { type: T }> => one.type === type);
  if (answer === undefined) throw new Error(JSON.stringify(answers));
  answers.splice(answers.indexOf(answer), 1);
  return answer;
}

beforeAll(async () => {
  // What a worker has; what it says is collected.
  vi.stubGlobal("self", {
    addEventListener: (_: string, listener: typeof hear) => {
      hear = listener;
    },
    postMessage: (answer: Answer) => answers.push(answer),
  });
  await import("./worker");
  hear?.({ data: { type: "catalog", csv: OMM_CSV } });
});

afterAll(() => {
  vi.unstubAllGlobals();
});

describe("the propagator of the globe", () => {
  it("knows the catalog, then has all of it where the service says that it is", async () => {
    const { catalog } = await answered("catalog");
    expect([...catalog.numbers]).toEqual([5, 22176, 25544, 36516]);
    expect([...catalog.regimes]).toEqual([1, 1, 0, 2]);

    hear?.({ data: { type: "states", timeMs: Date.parse(ISS.time), buffers: [] } });
    const { states } = await answered("states");
    expect(states.missing).toBe(0);
    const at = 2 * 3;
    for (const axis of [0, 1, 2]) {
      // Epochs are cut to the millisecond here: 0.74 ms at 7.7 km/s are 6 m.
      expect(Math.abs((states.positionsKm[at + axis] ?? 0) - (ISS.teme[axis] ?? 0))).toBeLessThan(0.007);
      expect(states.velocitiesKmS[at + axis]).toBeCloseTo(ISS.teme_velocity[axis] ?? 0, 4);
    }
  });

  it("tells how many have no state, and leaves them out", async () => {
    // Two years on, the element set of a station that is reboosted has decayed.
    hear?.({ data: { type: "states", timeMs: Date.parse("2026-11-29T18:00:00Z"), buffers: [] } });
    const { states } = await answered("states");
    expect(states.missing).toBeGreaterThan(0);
    expect([...states.positionsKm.subarray(6, 9)]).toEqual([0, 0, 0]);
  });

  it("has the path of one object in agreement with the states of all", async () => {
    const startMs = Date.parse(ISS.time);
    hear?.({ data: { type: "path", id: 1, number: 25544, startMs, stepMs: 60_000, steps: 3 } });
    const { path } = await answered("path");
    expect(path?.positionsKm.length).toBe(9);
    expect(Math.abs((path?.positionsKm[0] ?? 0) - ISS.teme[0])).toBeLessThan(0.007);
    hear?.({ data: { type: "path", id: 2, number: 99_999, startMs, stepMs: 60_000, steps: 3 } });
    expect((await answered("path")).path).toBeNull();
  });

  it("answers from the catalog before while a new one is loaded, and keeps the last of two", async () => {
    const two = OMM_CSV.split("\n").slice(0, 3).join("\n");
    const timeMs = Date.parse(ISS.time);
    hear?.({ data: { type: "catalog", csv: OMM_CSV } });
    hear?.({ data: { type: "catalog", csv: two } });
    hear?.({ data: { type: "states", timeMs, buffers: [] } });
    await expect.poll(() => answers.length, { timeout: 10_000 }).toBe(3);
    expect(answers.map((answer) => answer.type)).toEqual(["states", "catalog", "catalog"]);
    answers.length = 0;
    hear?.({ data: { type: "states", timeMs, buffers: [] } });
    expect((await answered("states")).states.positionsKm).toHaveLength(2 * 3);
  });

  it("says what is wrong with a catalog that it cannot read", async () => {
    hear?.({ data: { type: "catalog", csv: "OBJECT_NAME,EPOCH\nX,Y\n" } });
    expect((await answered("failed")).problem).toBe("the catalog has no column OBJECT_ID");
  });
});
