import { beforeEach, describe, expect, it, vi } from "vitest";

import { SimulationClock } from "./clock";
import { GlobeEngine } from "./engine";
import type { Path } from "./messages";

// Node has no WebGL and no worker: what is drawn and computed is seen in the browser tests. Here: who follows whom.
const scene = vi.hoisted(() => ({ setFollow: vi.fn(), setTracks: vi.fn(), setMarks: vi.fn(), view: { azimuth: 0, distance: 1, lookDownOn: vi.fn() } }));
const asked = vi.hoisted((): ((path: Path | null) => void)[] => []);
vi.mock("./scene/scene", () => ({ GlobeScene: vi.fn(function () { return scene; }), onPath: () => (_: number, into: unknown) => into }));
vi.mock("./propagator", () => ({ Propagator: vi.fn(function () { return { path: () => new Promise((resolve) => asked.push(resolve)) }; }) }));

const path: Path = { startMs: 0, stepMs: 1_000, positionsKm: new Float64Array(6), velocitiesKmS: new Float64Array(6) };

function newEngine(): GlobeEngine {
  const listener = { onCatalog: vi.fn(), onBeat: vi.fn(), onSelect: vi.fn(), onHover: vi.fn(), onMissing: vi.fn(), onProblem: vi.fn() };
  return new GlobeEngine(document.createElement("canvas"), [], new SimulationClock(0, Date.now()), [], listener, false);
}

beforeEach(() => {
  vi.clearAllMocks();
  asked.length = 0;
});

describe("a conjunction that is played", () => {
  it("is followed until it is left, whatever becomes known of the objects meanwhile", async () => {
    const engine = newEngine();
    const playing = engine.play([1, 2], 5_000);
    asked.forEach((answer) => answer(path));
    expect(await playing).not.toBeNull();
    expect(scene.setFollow).toHaveBeenCalledOnce();
    engine.select(null, 0);
    engine.setFollow(false);
    expect(scene.setFollow).toHaveBeenCalledOnce();
    engine.leave();
    expect(scene.setFollow).toHaveBeenLastCalledWith(null);
  });

  it("is not played any more when it was left before both paths were there", async () => {
    const engine = newEngine();
    const playing = engine.play([1, 2], 5_000);
    engine.leave();
    asked.forEach((answer) => answer(path));
    expect(await playing).toBeNull();
    expect(scene.setFollow).not.toHaveBeenCalled();
    // Nothing is in the way of one that is looked at.
    engine.select(7, 90);
    expect(scene.setTracks).toHaveBeenCalledWith([]);
  });
});
