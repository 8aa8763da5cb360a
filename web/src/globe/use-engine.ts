/** The engine of the globe for as long as its page is there. */
import { useEffect, useMemo, useState, type RefObject } from "react";

import { landRings } from "@/earth/land";
import { useTheme } from "@/shell/theme";
import { SimulationClock } from "./clock";
import { GlobeEngine, type Flight } from "./engine";
import type { Catalog } from "./messages";
import { Propagator } from "./propagator";
import { themeColors } from "./scene/colors";
import { Store } from "./store";
import type { TimeState } from "./time-bar";

export interface Hover {
  number: number;
  x: number;
  y: number;
}

/** What the engine tells, each part for those who read it. */
export class Told {
  readonly time: Store<TimeState>;
  readonly flight = new Store<Flight | null>(null);
  readonly hover = new Store<Hover | null>(null);
  readonly missing = new Store(0);

  constructor(presentMs: number) {
    this.time = new Store({ timeMs: presentMs, presentMs, firstMs: presentMs, lastMs: presentMs, speed: 1 });
  }
}

interface Places {
  canvas: RefObject<HTMLCanvasElement | null>;
  marks: readonly RefObject<HTMLDivElement | null>[];
}

interface EngineState {
  engine: GlobeEngine | null;
  told: Told;
  catalog: Catalog | null;
  /** Why nothing is drawn. */
  problem: string | null;
  /** Why no places are known. */
  failed: string | null;
}

export function useEngine(places: Places, presentMs: number, csv: string | undefined, measure: boolean, onSelect: (number: number | null) => void): EngineState {
  const { canvas, marks } = places;
  const [engine, setEngine] = useState<GlobeEngine | null>(null);
  /** Without a picture, the propagator alone still reads the catalog for the list. */
  const [reader, setReader] = useState<Pick<GlobeEngine, "load"> | null>(null);
  const [catalog, setCatalog] = useState<Catalog | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [failed, setFailed] = useState<string | null>(null);
  const told = useMemo(() => new Told(presentMs), [presentMs]);
  const { shown: theme } = useTheme();

  useEffect(() => {
    let made: GlobeEngine | undefined;
    let alone: Propagator | undefined;
    let gone = false;
    const onCatalog = (read: Catalog) => {
      setCatalog(read);
      setFailed(null);
    };
    const clock = new SimulationClock(presentMs, Date.now());
    const begin = async () => {
      const rings = await landRings();
      const element = canvas.current;
      if (gone || element === null) return;
      made = new GlobeEngine(
        element,
        rings,
        clock,
        marks.flatMap(({ current }) => (current === null ? [] : [current])),
        {
          onCatalog,
          onBeat: (timeMs) => {
            const [firstMs, lastMs] = clock.range(Date.now());
            told.time.set({ timeMs, presentMs: clock.present(Date.now()), firstMs, lastMs, speed: clock.speed });
            told.flight.set(made?.flight(timeMs) ?? null);
          },
          onSelect,
          onHover: told.hover.set,
          onMissing: told.missing.set,
          onProblem: setFailed,
        },
        measure,
      );
      setEngine(made);
      setReader(made);
    };
    begin().catch((error: unknown) => {
      if (gone) return;
      setProblem(error instanceof Error ? error.message : String(error));
      alone = new Propagator({ onCatalog, onStates: () => undefined, onProblem: setFailed });
      setReader(alone);
    });
    return () => {
      gone = true;
      made?.dispose();
      alone?.dispose();
      setEngine(null);
      setReader(null);
      setCatalog(null);
    };
  }, [canvas, marks, presentMs, measure, onSelect, told]);

  useEffect(() => {
    engine?.scene.setColors(themeColors(theme));
  }, [engine, theme]);
  useEffect(() => {
    if (csv !== undefined) reader?.load(csv);
  }, [reader, csv]);
  return { engine, told, catalog, problem, failed };
}
