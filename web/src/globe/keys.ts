/** Keys of the globe: arrows turn, + and - zoom, the space bar pauses. */
import { useEffect, useRef } from "react";

import { useSingleKeys } from "@/shell/single-keys";
import type { GlobeEngine } from "./engine";

const TURN = 0.12;
const ZOOM = 1.15;

function isOnGlobe(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("[data-globe]") !== null;
}

/** Whether something else has the focus. */
function isElsewhere(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target !== document.body && !isOnGlobe(target);
}

export function useGlobeKeys(engine: GlobeEngine | null, onPause: () => void): void {
  const { areOn } = useSingleKeys();
  const pause = useRef(onPause);
  useEffect(() => {
    pause.current = onPause;
  });
  useEffect(() => {
    if (engine === null) return;
    const { view } = engine.scene;
    const actions: Record<string, () => void> = {
      ArrowLeft: () => view.turn(-TURN, 0),
      ArrowRight: () => view.turn(TURN, 0),
      ArrowUp: () => view.turn(0, TURN),
      ArrowDown: () => view.turn(0, -TURN),
      "+": () => view.zoom(1 / ZOOM),
      "=": () => view.zoom(1 / ZOOM),
      "-": () => view.zoom(ZOOM),
      " ": () => pause.current(),
    };
    const onKeyDown = (event: KeyboardEvent) => {
      const action = actions[event.key];
      if (!areOn && event.key.length === 1 && !isOnGlobe(event.target)) return;
      if (action === undefined || event.ctrlKey || event.metaKey || event.altKey || isElsewhere(event.target)) return;
      event.preventDefault();
      action();
    };
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, [engine, areOn]);
}
