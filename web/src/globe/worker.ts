/** The propagator, in a worker of its own: SGP4 of the whole catalog in WebAssembly, paths of single objects in JavaScript. */
import { BulkPropagator, EciBaseCalculator, createSingleThreadRuntime, json2satrec, propagate, type SatRec } from "satellite.js";

import { KINDS, REGIMES, heights, kindInName, regimeOf } from "./classes";
import type { Answer, Catalog, Path, Request } from "./messages";
import { readOmmCsv, type MeanElements } from "./omm";

function newPropagator(runtime: Awaited<ReturnType<typeof createSingleThreadRuntime>>, count: number) {
  return new BulkPropagator({ runtime, calculators: [new EciBaseCalculator()], satRecsCount: count, datesCount: 1 });
}

let satellites: SatRec[] = [];
let places = new Map<number, number>();
let propagator: ReturnType<typeof newPropagator> | undefined;
/** Catalogs are loaded one after the other, so that the last one sent is the one that stays. */
let loading = Promise.resolve();

function post(answer: Answer, transfer: Transferable[] = []): void {
  self.postMessage(answer, { transfer });
}

function catalogOf(rows: MeanElements[]): Catalog {
  const catalog: Catalog = {
    count: rows.length,
    numbers: new Int32Array(rows.length),
    names: [],
    designators: [],
    regimes: new Uint8Array(rows.length),
    kinds: new Uint8Array(rows.length),
    perigeesKm: new Float32Array(rows.length),
    apogeesKm: new Float32Array(rows.length),
    epochsMs: new Float64Array(rows.length),
  };
  rows.forEach((row, place) => {
    const motion = Number(row.MEAN_MOTION);
    const eccentricity = Number(row.ECCENTRICITY);
    const { perigee_km, apogee_km } = heights(motion, eccentricity);
    catalog.numbers[place] = Number(row.NORAD_CAT_ID);
    catalog.names.push(row.OBJECT_NAME);
    catalog.designators.push(row.OBJECT_ID);
    catalog.regimes[place] = REGIMES.indexOf(regimeOf(motion, eccentricity));
    catalog.kinds[place] = KINDS.indexOf(kindInName(row.OBJECT_NAME));
    catalog.perigeesKm[place] = perigee_km;
    catalog.apogeesKm[place] = apogee_km;
    catalog.epochsMs[place] = Date.parse(row.EPOCH.endsWith("Z") ? row.EPOCH : `${row.EPOCH}Z`);
  });
  return catalog;
}

async function load(csv: string): Promise<void> {
  const rows = readOmmCsv(csv);
  const catalog = catalogOf(rows);
  const records = rows.map((row) => json2satrec(row));
  const made = newPropagator(await createSingleThreadRuntime(), Math.max(1, rows.length));
  made.setSatRecs(records);
  // All at once: until here, what is asked for is answered from the catalog before.
  propagator?.dispose();
  propagator = made;
  satellites = records;
  places = new Map([...catalog.numbers].map((number, place) => [number, place]));
  post({ type: "catalog", catalog });
}

/** A buffer that came back, or a new one. */
function floats(buffer: ArrayBuffer | undefined, length: number): Float32Array<ArrayBuffer> {
  return buffer?.byteLength === length * 4 ? new Float32Array(buffer) : new Float32Array(length);
}

function states(timeMs: number, buffers: ArrayBuffer[]): void {
  if (propagator === undefined) return;
  propagator.setDates([new Date(timeMs)]);
  // What has decayed long ago would be drawn at places without meaning.
  propagator.run({ eci: { communityDecayCheckEnabled: true } });
  const { position, velocity, error } = propagator.getRawOutput().eci;
  const positionsKm = floats(buffers[0], position.length);
  const velocitiesKmS = floats(buffers[1], velocity.length);
  positionsKm.set(position);
  velocitiesKmS.set(velocity);
  let missing = 0;
  error.forEach((code, place) => {
    if (code === 0) return;
    missing += 1;
    positionsKm.fill(0, place * 3, place * 3 + 3);
  });
  post({ type: "states", states: { timeMs, positionsKm, velocitiesKmS, missing } }, [positionsKm.buffer, velocitiesKmS.buffer]);
}

function pathOf(number: number, startMs: number, stepMs: number, steps: number): Path | null {
  const satellite = satellites[places.get(number) ?? -1];
  if (satellite === undefined) return null;
  const positionsKm = new Float64Array(steps * 3);
  const velocitiesKmS = new Float64Array(steps * 3);
  for (let step = 0; step < steps; step += 1) {
    const state = propagate(satellite, new Date(startMs + step * stepMs), { communityDecayCheckEnabled: true });
    if (state === null) return null;
    positionsKm.set([state.position.x, state.position.y, state.position.z], step * 3);
    velocitiesKmS.set([state.velocity.x, state.velocity.y, state.velocity.z], step * 3);
  }
  return { startMs, stepMs, positionsKm, velocitiesKmS };
}

async function hear(request: Request): Promise<void> {
  if (request.type === "catalog") {
    const loaded = loading.then(() => load(request.csv));
    loading = loaded.catch(() => undefined);
    await loaded;
  } else if (request.type === "states") {
    states(request.timeMs, request.buffers);
  } else {
    post({ type: "path", id: request.id, path: pathOf(request.number, request.startMs, request.stepMs, request.steps) });
  }
}

self.addEventListener("message", ({ data }: MessageEvent<Request>) => {
  hear(data).catch((error: unknown) => post({ type: "failed", problem: error instanceof Error ? error.message : String(error) }));
});
