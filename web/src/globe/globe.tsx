"use client";

/** Everything in orbit as it moves: the picture, what is shown of it, and the time. */
import { useSearchParams } from "next/navigation";
import { useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from "react";

import { usePastStart } from "@/time/reference";
import { Failure, Loading } from "@/ui/state";
import { count } from "@/units/format";
import { periodMinutes } from "./engine";
import { ALL, apply, ownersOf, populationOf } from "./filter";
import { Filters } from "./filters";
import { useGlobeKeys } from "./keys";
import { Matches } from "./matches";
import { Measured, Missing, Named } from "./overlays";
import { Played } from "./played";
import { useElementSets, useIdentities } from "./queries";
import { DIMMED, NORMAL } from "./scene/looks";
import { Selected } from "./selected";
import { TimeBar } from "./time-bar";
import { useEngine } from "./use-engine";

/** The page's address says what is selected, so that it can be sent to somebody. */
function go(query: string): void {
  history.replaceState(null, "", `${location.pathname}${query}`);
}

function numberIn(text: string | null): number | null {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : null;
}

export function Globe({ presentMs }: { presentMs: number }) {
  const query = useSearchParams();
  const event = query.get("event");
  const selected = event === null ? numberIn(query.get("object")) : null;
  const measure = query.has("fps");
  const past = usePastStart() !== null;

  const canvas = useRef<HTMLCanvasElement>(null);
  const firstMark = useRef<HTMLDivElement>(null);
  const secondMark = useRef<HTMLDivElement>(null);
  const places = useMemo(() => ({ canvas, marks: [firstMark, secondMark] }), []);
  const onSelect = useCallback((number: number | null) => go(number === null ? "" : `?object=${number}`), []);
  const elementSets = useElementSets();
  const { engine, told, catalog, problem, failed } = useEngine(places, presentMs, elementSets.data, measure, onSelect);

  const identities = useIdentities(catalog !== null);
  const population = useMemo(() => (catalog === null ? null : populationOf(catalog, identities.data)), [catalog, identities.data]);
  const owners = useMemo(() => (population === null ? [] : ownersOf(population)), [population]);
  const [filter, setFilter] = useState(ALL);
  const wanted = useDeferredValue(filter);
  const shown = useMemo(() => (population === null ? null : apply(population, wanted)), [population, wanted]);
  const [following, setFollowing] = useState(false);

  useEffect(() => {
    if (engine === null || shown === null) return;
    // While two are played, the others are only there.
    const looks = event === null ? shown.looks : shown.looks.map((look) => (look === NORMAL ? DIMMED : look));
    engine.scene.setLooks(looks, shown.groups);
  }, [engine, shown, event]);
  useEffect(() => {
    if (engine === null || catalog === null) return;
    const place = selected === null ? -1 : catalog.numbers.indexOf(selected);
    const period = place < 0 ? 0 : periodMinutes(catalog.perigeesKm[place] ?? 0, catalog.apogeesKm[place] ?? 0);
    engine.select(place < 0 ? null : selected, period);
    engine.setFollow(following && place >= 0);
  }, [engine, catalog, selected, following]);
  useGlobeKeys(engine, () => engine?.setSpeed(told.time.get().speed === 0 ? 1 : 0));

  const picture = catalog === null ? "Globe" : `Globe with ${count(shown?.places.length ?? 0)} of ${count(catalog.count)} objects. Arrow keys turn it, + and - zoom, the space bar pauses.`;
  return (
    <div className="-m-4 flex h-[calc(100%+2rem)] min-h-96">
      <h1 className="sr-only">Globe</h1>
      <div className="flex min-w-0 flex-1 flex-col">
        <div data-globe role="application" aria-label={picture} tabIndex={0} className="relative min-h-0 flex-1 overflow-hidden focus-visible:outline-offset-[-3px]">
          <canvas ref={canvas} aria-hidden className="absolute inset-0 touch-none" />
          <div ref={firstMark} aria-hidden className="pointer-events-none invisible absolute top-0 left-0">
            <div className="absolute size-4 -translate-1/2 rounded-full border-2 border-ink" />
          </div>
          <div ref={secondMark} aria-hidden className="pointer-events-none invisible absolute top-0 left-0">
            <div className="absolute size-4 -translate-1/2 rotate-45 border-2 border-high" />
          </div>
          <Named hover={told.hover} population={population} />
          <Missing count={told.missing} />
          {measure && engine !== null && <Measured stats={engine.scene.stats} />}
          {problem === null && failed === null && catalog === null && (
            <div className="absolute inset-x-0 top-4 mx-auto w-72 rounded-md border border-line bg-panel p-3">
              <p className="mb-2 text-quiet">Reading the element sets of all objects</p>
              <Loading what="element sets" rows={2} />
            </div>
          )}
          {problem !== null && (
            <div className="absolute inset-x-4 top-4">
              <Unseen problem={problem} />
            </div>
          )}
          {failed !== null && (
            <div role="alert" className="absolute inset-x-4 top-4 rounded-md border border-elevated bg-elevated-soft px-3 py-2 text-elevated">
              <p className="font-medium">The objects&apos; places could not be computed.</p>
              <p>The next element sets are tried by themselves; loading the page anew tries at once. ({failed})</p>
            </div>
          )}
          {elementSets.error != null && (
            <div className="absolute inset-x-4 top-4">
              <Failure error={elementSets.error} what="element sets" retry={() => void elementSets.refetch()} />
            </div>
          )}
        </div>
        <TimeBar store={told.time} past={past} onTime={(timeMs) => engine?.setTime(timeMs)} onSpeed={(speed) => engine?.setSpeed(speed)} />
      </div>
      <aside aria-label="Objects" className="flex w-96 shrink-0 flex-col overflow-y-auto border-l border-line bg-panel">
        {event !== null && <Played key={event} id={event} engine={engine} ready={catalog !== null} time={told.time} onClose={() => go("")} />}
        {selected !== null && population !== null && (
          <Selected
            number={selected}
            population={population}
            flight={told.flight}
            presentMs={presentMs}
            following={following}
            onFollow={setFollowing}
            onClose={() => onSelect(null)}
          />
        )}
        <Filters
          filter={filter}
          onFilter={setFilter}
          counts={shown?.counts ?? new Map()}
          owners={owners}
          kindsKnown={population?.kindsKnown ?? false}
        />
        {population !== null && shown !== null && <Matches population={population} places={shown.places} selected={selected} onSelect={onSelect} />}
      </aside>
    </div>
  );
}

/** Nothing can be drawn: why, and what there is instead. */
function Unseen({ problem }: { problem: string }) {
  return (
    <div role="alert" className="rounded-md border border-elevated bg-elevated-soft px-3 py-2 text-elevated">
      <p className="font-medium">The globe cannot be drawn: this browser gives no WebGL, or it failed.</p>
      <p>The objects are listed at the right, and each has a page of its own. ({problem})</p>
    </div>
  );
}
