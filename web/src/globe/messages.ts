/** What the page and the propagator in its worker tell each other. */

/** What is known of all objects from their element sets, one place in each array for each. */
export interface Catalog {
  count: number;
  numbers: Int32Array;
  names: string[];
  designators: string[];
  /** Places in `REGIMES`. */
  regimes: Uint8Array;
  /** Places in `KINDS`, as the names tell. */
  kinds: Uint8Array;
  perigeesKm: Float32Array;
  apogeesKm: Float32Array;
  /** In ms since 1970. */
  epochsMs: Float64Array;
}

/** States of all objects at a time, in TEME: three numbers for each. What has no state is at 0, 0, 0. */
export interface States {
  timeMs: number;
  positionsKm: Float32Array<ArrayBuffer>;
  velocitiesKmS: Float32Array<ArrayBuffer>;
  /** How many objects have none: decayed, or an element set too old for that time. */
  missing: number;
}

/** States of one object at equal steps, in TEME. */
export interface Path {
  startMs: number;
  stepMs: number;
  positionsKm: Float64Array;
  velocitiesKmS: Float64Array;
}

export type Request =
  | { type: "catalog"; csv: string }
  /** Buffers that were handed over before come back, so that no new ones are made. */
  | { type: "states"; timeMs: number; buffers: ArrayBuffer[] }
  | { type: "path"; id: number; number: number; startMs: number; stepMs: number; steps: number };

export type Answer =
  | { type: "catalog"; catalog: Catalog }
  | { type: "states"; states: States }
  | { type: "path"; id: number; path: Path | null }
  | { type: "failed"; problem: string };
