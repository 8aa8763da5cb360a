"use client";

/** The objects that are shown, in words: what the picture cannot tell everybody. */
import { cn } from "@/ui/cn";
import { Empty } from "@/ui/state";
import { count } from "@/units/format";
import type { Population } from "./filter";

/** More are not read in a list; a search makes it shorter. */
const LISTED = 60;

interface MatchesProps {
  population: Population;
  places: readonly number[];
  selected: number | null;
  onSelect: (number: number) => void;
}

export function Matches({ population: { catalog }, places, selected, onSelect }: MatchesProps) {
  if (places.length === 0) return <Empty title="No object">Take back a filter, or search for something else.</Empty>;
  return (
    <section aria-label="Objects shown" className="min-h-0">
      <h2 className="px-3 pt-2 pb-1 text-xs font-medium text-quiet">
        <span role="status">
          {count(places.length)} objects{places.length > LISTED ? `, the first ${LISTED}:` : ""}
        </span>
      </h2>
      <ul className="px-1.5 pb-2">
        {places.slice(0, LISTED).map((place) => {
          const number = catalog.numbers[place] ?? 0;
          return (
            <li key={number}>
              <button
                type="button"
                aria-current={number === selected ? "true" : undefined}
                onClick={() => onSelect(number)}
                className={cn("flex w-full items-baseline gap-2 rounded px-1.5 py-1 text-left hover:bg-raised", number === selected && "bg-accent-soft text-accent")}
              >
                <span className="truncate">{catalog.names[place]?.trim() || `Object ${number}`}</span>
                <span className="ml-auto text-xs text-quiet tabular-nums">{number}</span>
              </button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
