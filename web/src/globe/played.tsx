"use client";

/** Plays a conjunction: reads it, goes to ten minutes before its closest approach, and lets the time run. */
import { useCallback, useEffect, useEffectEvent, useState } from "react";

import { api } from "@/api/client";
import { Button } from "@/ui/button";
import { Empty, View } from "@/ui/state";
import { EncounterPanel } from "./encounter-panel";
import type { Encounter, GlobeEngine } from "./engine";
import type { Store } from "./store";
import type { TimeState } from "./time-bar";

const BEFORE_MS = 10 * 60_000;
const PLAY_SPEED = 60;

interface PlayedProps {
  id: string;
  engine: GlobeEngine | null;
  /** Whether the engine has the catalog. */
  ready: boolean;
  time: Store<TimeState>;
  onClose: () => void;
}

export function Played({ id, engine, ready, time, onClose }: PlayedProps) {
  const conjunction = api.useQuery("get", "/api/v1/conjunctions/{id}", { params: { path: { id } } });
  /** What is played; null where it cannot be, undefined until that is known. */
  const [encounter, setEncounter] = useState<Encounter | null>();
  const tcaMs = conjunction.data === undefined ? undefined : Date.parse(conjunction.data.tca);
  const first = conjunction.data?.objects[0]?.catalog_number;
  const second = conjunction.data?.objects[1]?.catalog_number;

  const replay = useCallback(() => {
    if (engine === null || tcaMs === undefined) return;
    engine.setTime(tcaMs - BEFORE_MS);
    engine.setSpeed(PLAY_SPEED);
  }, [engine, tcaMs]);
  /** The approach of the newest run; one that the next run moves by less than a second is not played anew. */
  const play = useEffectEvent(async (engine: GlobeEngine, numbers: readonly [number, number]) => (tcaMs === undefined ? null : engine.play(numbers, tcaMs)));
  const onPlayed = useEffectEvent(replay);
  const tcaSecond = tcaMs === undefined ? undefined : Math.round(tcaMs / 1_000);
  useEffect(() => {
    if (engine === null || !ready || tcaSecond === undefined || first === undefined || second === undefined) return;
    let gone = false;
    void play(engine, [first, second]).then((found) => {
      if (gone) return;
      setEncounter(found);
      if (found !== null) onPlayed();
    });
    return () => {
      gone = true;
      engine.leave();
    };
  }, [engine, ready, tcaSecond, first, second]);

  return (
    <View query={conjunction} what="conjunction">
      {(data) =>
        encounter === undefined || encounter === null ? (
          <section aria-label="Conjunction" className="border-b border-line p-3">
            {encounter === undefined ? (
              <p className="text-quiet">Computing both paths</p>
            ) : (
              <Empty title="It cannot be played">
                One of the two has no current element set that reaches to the closest approach.
                <Button size="small" className="mt-2" onClick={onClose}>
                  Back to all objects
                </Button>
              </Empty>
            )}
          </section>
        ) : (
          <EncounterPanel conjunction={data} encounter={encounter} time={time} onReplay={replay} onClose={onClose} />
        )
      }
    </View>
  );
}
