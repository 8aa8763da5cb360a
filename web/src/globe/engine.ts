/** The globe at work: clock, propagator and scene, and what of it the page has to know. */
import { Vector3 } from "three";

import { EARTH_RADIUS_KM, earthFixed, placeOf, siderealTime, sunDirection, type Place } from "@/earth/frames";
import type { Ring } from "@/earth/land";
import type { SimulationClock } from "./clock";
import { positionOn, speedOn } from "./hermite";
import type { Catalog, Path } from "./messages";
import { Propagator } from "./propagator";
import { GlobeScene, onPath, type Mark } from "./scene/scene";
import { Timeline } from "./timeline";

const MU_KM3_S2 = 398_600.4418;
/** Steps in one turn of an object that is looked at. */
const TURN_STEPS = 360;
/** The page is told the time at most so often. */
const BEAT_MS = 250;
/** Around the closest approach, one state each second. */
const AROUND_TCA_MS = 15 * 60_000;

export interface Encounter {
  tcaMs: number;
  paths: [Path, Path];
}

export interface EngineListener {
  onCatalog: (catalog: Catalog) => void;
  onBeat: (timeMs: number) => void;
  onSelect: (number: number | null) => void;
  onHover: (hover: { number: number; x: number; y: number } | null) => void;
  onMissing: (count: number) => void;
  onProblem: (problem: string) => void;
}

export interface Flight extends Place {
  speed_km_s: number;
}

export class GlobeEngine {
  readonly scene: GlobeScene;
  private readonly propagator: Propagator;
  private readonly timeline: Timeline;
  private catalog: Catalog | null = null;
  private selected: { number: number; periodMs: number; path: Path | null; asked: boolean } | null = null;
  private encounter: Encounter | null = null;
  /** Raised with each approach that is played or left. */
  private turn = 0;
  private beat = 0;
  private gone = false;

  constructor(
    canvas: HTMLCanvasElement,
    rings: readonly Ring[],
    readonly clock: SimulationClock,
    private readonly marks: readonly HTMLElement[],
    private readonly listener: EngineListener,
    measure: boolean,
  ) {
    this.scene = new GlobeScene(
      canvas,
      rings,
      {
        time: () => {
          const now = Date.now();
          clock.advance(now);
          return { timeMs: clock.time(now), speed: clock.speed };
        },
        onFrame: this.onFrame,
        onPick: (index) => this.listener.onSelect(index === null ? null : (this.catalog?.numbers[index] ?? null)),
        onHover: (index, x, y) => {
          const number = index === null ? undefined : this.catalog?.numbers[index];
          this.listener.onHover(number === undefined ? null : { number, x, y });
        },
      },
      measure,
    );
    // By day there is more to see.
    const [x, y] = sunDirection(clock.time(Date.now()));
    this.scene.view.azimuth = Math.atan2(y, x) - 0.6;
    this.timeline = new Timeline(
      (timeMs, buffers) => this.propagator.states(timeMs, buffers),
      () => this.showStates(),
    );
    this.propagator = new Propagator({
      onCatalog: (catalog) => {
        this.catalog = catalog;
        this.timeline.clear();
        this.scene.setCount(catalog.count);
        this.listener.onCatalog(catalog);
        this.scene.draw();
      },
      onStates: (states) => this.timeline.hear(states),
      onProblem: listener.onProblem,
    });
  }

  dispose(): void {
    this.gone = true;
    this.propagator.dispose();
    this.scene.dispose();
  }

  load(csv: string): void {
    this.propagator.load(csv);
  }

  setTime(timeMs: number): void {
    this.clock.set(timeMs, Date.now());
    this.scene.draw();
  }

  setSpeed(speed: number): void {
    this.clock.setSpeed(speed, Date.now());
    this.scene.draw();
  }

  /** Shows one object's orbit and track; null: none's. */
  select(number: number | null, periodMinutes: number): void {
    if (this.encounter !== null) return;
    this.selected = number === null ? null : { number, periodMs: periodMinutes * 60_000, path: null, asked: false };
    this.scene.setTracks([]);
    this.showMarks();
  }

  setFollow(follow: boolean): void {
    if (this.encounter !== null) return;
    const { selected } = this;
    if (!follow || selected === null) {
      this.scene.setFollow(null);
      this.scene.view.distance = Math.max(this.scene.view.distance, 2.5);
      return;
    }
    this.scene.setFollow((timeMs, into) => (selected.path === null ? null : onPath(selected.path)(timeMs, into)));
    this.scene.view.zoom(Math.min(1, 1.2 / this.scene.view.distance));
  }

  /** Where the selected object is; null where that is not known (yet). */
  flight(timeMs: number): Flight | null {
    const path = this.selected?.path ?? null;
    const position = path === null ? null : positionOn(path, timeMs);
    const speed = path === null ? null : speedOn(path, timeMs);
    if (position === null || speed === null) return null;
    return { ...placeOf(earthFixed(position, siderealTime(timeMs))), speed_km_s: speed };
  }

  /**
   * Goes to the closest approach of two objects and follows them; null where one of them has no states around it, or where it was
   * left, or another one played, before both paths were there.
   */
  async play(numbers: readonly [number, number], tcaMs: number): Promise<Encounter | null> {
    const turn = (this.turn += 1);
    const path = (number: number) => this.propagator.path(number, tcaMs - AROUND_TCA_MS, 1_000, (2 * AROUND_TCA_MS) / 1_000 + 1);
    const [first, second] = await Promise.all(numbers.map(path));
    if (this.gone || turn !== this.turn || first == null || second == null) return null;
    this.clock.reach(tcaMs);
    this.encounter = { tcaMs, paths: [first, second] };
    this.selected = null;
    this.scene.setTracks([first, second].map((one) => ({ path: one, ground: false })));
    const other = new Vector3();
    const middle: Mark["place"] = (timeMs, into) => {
      if (onPath(first)(timeMs, into) === null || onPath(second)(timeMs, other) === null) return null;
      return into.add(other).multiplyScalar(0.5);
    };
    this.scene.setFollow(middle);
    const at = middle(tcaMs, new Vector3());
    if (at !== null) this.scene.view.lookDownOn(at, 0.9);
    this.showMarks();
    return this.encounter;
  }

  /** Leaves the closest approach that is played. */
  leave(): void {
    this.turn += 1;
    if (this.encounter === null) return;
    this.encounter = null;
    this.clock.reach(null);
    this.scene.setTracks([]);
    this.scene.setFollow(null);
    this.scene.view.distance = 4.2;
    this.showMarks();
  }

  private readonly onFrame = (timeMs: number): void => {
    if (this.catalog !== null) {
      const { speed } = this.clock;
      // About a second of the clock, but no less than ten seconds: the cubic between is good to meters then, and to some km at 600.
      const step = Math.max(Math.abs(speed) * 1_000, 10_000);
      this.timeline.want(timeMs, speed < 0 ? -step : step);
      this.keepPath(timeMs);
    }
    const now = performance.now();
    if (now - this.beat < BEAT_MS && this.clock.speed !== 0) return;
    this.beat = now;
    this.listener.onBeat(timeMs);
  };

  /** The path of the selected object, for as long as the time is near its middle. */
  private keepPath(timeMs: number): void {
    const { selected } = this;
    if (selected === null || selected.asked) return;
    const { path, periodMs } = selected;
    const middle = path === null ? null : path.startMs + (path.stepMs * TURN_STEPS) / 2;
    if (middle !== null && Math.abs(timeMs - middle) < 0.35 * periodMs) return;
    selected.asked = true;
    const stepMs = periodMs / TURN_STEPS;
    void this.propagator.path(selected.number, timeMs - periodMs / 2, stepMs, TURN_STEPS + 1).then((found) => {
      if (this.gone || this.selected !== selected) return;
      if (selected.path === null && found !== null) this.scene.turnToward(onPath(found), timeMs);
      selected.path = found;
      selected.asked = found === null;
      this.scene.setTracks(found === null ? [] : [{ path: found, ground: true }]);
      this.showMarks();
      this.listener.onBeat(timeMs);
    });
  }

  private showStates(): void {
    const { from, to } = this.timeline;
    if (from === null || to === null) return;
    this.scene.setStates(from, to);
    this.listener.onMissing(from.missing);
  }

  private showMarks(): void {
    const paths = this.encounter?.paths ?? (this.selected?.path ? [this.selected.path] : []);
    this.marks.forEach((element, place) => {
      if (paths[place] === undefined) element.style.visibility = "hidden";
    });
    this.scene.setMarks(
      paths.flatMap((path, place) => {
        const element = this.marks[place];
        return element === undefined ? [] : [{ element, place: onPath(path) }];
      }),
    );
  }
}

/** Period in minutes of an orbit between two heights in km. */
export function periodMinutes(perigeeKm: number, apogeeKm: number): number {
  const axis = EARTH_RADIUS_KM + (perigeeKm + apogeeKm) / 2;
  return (2 * Math.PI * Math.sqrt(axis ** 3 / MU_KM3_S2)) / 60;
}
