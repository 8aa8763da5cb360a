"use client";

/** What stands over the picture: the name under the pointer, what is missing, how fast it is drawn. */
import { useEffect, useState } from "react";

import { Explained } from "@/ui/tip";
import { count } from "@/units/format";
import type { Population } from "./filter";
import { useStore, type Store } from "./store";
import type { Hover } from "./use-engine";

export function Named({ hover, population }: { hover: Store<Hover | null>; population: Population | null }) {
  const at = useStore(hover);
  if (at === null || population === null) return null;
  const name = population.catalog.names[population.places.get(at.number) ?? -1]?.trim();
  return (
    <div
      aria-hidden
      className="pointer-events-none absolute top-0 left-0 rounded border border-line bg-panel px-1.5 py-0.5 text-xs shadow"
      style={{ transform: `translate(${at.x + 12}px, ${at.y + 12}px)` }}
    >
      {name} <span className="text-quiet tabular-nums">{at.number}</span>
    </div>
  );
}

export function Missing({ count: store }: { count: Store<number> }) {
  const missing = useStore(store);
  if (missing === 0) return null;
  return (
    <p className="absolute bottom-2 left-3 max-w-72 text-xs text-quiet">
      <Explained says="SGP4 has no position for them then: decayed by then, or with elements that are too old.">
        {count(missing)} objects have no position at this time
      </Explained>
    </p>
  );
}

/** With `?fps` in the address: pictures in a second, and how long the page's own work for one takes. */
export function Measured({ stats }: { stats: { fps: number; drawMs: number } }) {
  const [text, setText] = useState("");
  useEffect(() => {
    const timer = setInterval(() => setText(`${stats.fps.toFixed(1)} frames/s, ${stats.drawMs.toFixed(1)} ms of the main thread`), 500);
    return () => clearInterval(timer);
  }, [stats]);
  return <output className="absolute top-2 left-3 rounded bg-panel px-1.5 py-0.5 font-mono text-xs">{text}</output>;
}
