"use client";

/** What is shown, by which colors, and the list of it in words. */
import { Crosshair } from "lucide-react";

import { cn } from "@/ui/cn";
import { Input, Select } from "@/ui/field";
import { count } from "@/units/format";
import { KINDS, KIND_WORDS, REGIMES, REGIME_WORDS, type Kind, type Regime } from "./classes";
import type { ColorBy, Filter } from "./filter";

interface FiltersProps {
  filter: Filter;
  onFilter: (filter: Filter) => void;
  counts: ReadonlyMap<Regime | Kind, number>;
  owners: [owner: string, count: number][];
  kindsKnown: boolean;
}

const SWATCHES = ["bg-(--series-1)", "bg-(--series-2)", "bg-(--series-3)", "bg-(--series-4)"];

export function Filters({ filter, onFilter, counts, owners, kindsKnown }: FiltersProps) {
  const change = (part: Partial<Filter>) => onFilter({ ...filter, ...part });
  const toggle = (one: Regime | Kind) => {
    const hidden = new Set(filter.hidden);
    if (!hidden.delete(one)) hidden.add(one);
    change({ hidden });
  };
  const classes = (colorBy: ColorBy, title: string, all: readonly (Regime | Kind)[], words: Record<string, { name: string; means: string }>) => (
    <fieldset className={colorBy === "regime" ? "w-30 shrink-0" : "min-w-0 flex-1"}>
      <legend className="text-xs font-medium text-quiet">{title}</legend>
      {all.map((one, place) => (
        <ClassRow
          key={one}
          name={words[one]?.name ?? one}
          means={words[one]?.means ?? ""}
          count={counts.get(one) ?? 0}
          swatch={filter.colorBy === colorBy ? SWATCHES[place] : undefined}
          shown={!filter.hidden.has(one)}
          onToggle={() => toggle(one)}
          highlighted={filter.highlight === one}
          onHighlight={() => change({ highlight: filter.highlight === one ? null : one })}
        />
      ))}
    </fieldset>
  );
  return (
    <section aria-label="What is shown" className="flex flex-col gap-2 border-b border-line p-3">
      <Input
        type="search"
        aria-label="Search by name, catalog number or designator"
        placeholder="Name, number or designator"
        value={filter.search}
        onChange={(event) => change({ search: event.target.value })}
      />
      <div className="grid grid-cols-2 gap-2">
        <Select aria-label="Color by" value={filter.colorBy} onChange={(event) => change({ colorBy: event.target.value === "kind" ? "kind" : "regime" })}>
          <option value="regime">Colors: regime</option>
          <option value="kind">Colors: kind</option>
        </Select>
        <Select
          aria-label="Owner"
          value={filter.owner}
          data-tip={owners.length === 0 ? "The satellite catalog (SATCAT), which tells owners, has not been read" : undefined}
          onChange={(event) => change({ owner: event.target.value })}
        >
          <option value="">{owners.length === 0 ? "No owners" : "All owners"}</option>
          {owners.map(([owner, size]) => (
            <option key={owner} value={owner}>
              {owner} ({count(size)})
            </option>
          ))}
        </Select>
      </div>
      <div className="flex gap-2">
        {classes("regime", "Regime", REGIMES, REGIME_WORDS)}
        {classes("kind", kindsKnown ? "Kind" : "Kind, by name", KINDS, KIND_WORDS)}
      </div>
    </section>
  );
}

interface ClassRowProps {
  name: string;
  means: string;
  count: number;
  /** Its color, where the colors are of this sort of classes. */
  swatch: string | undefined;
  shown: boolean;
  onToggle: () => void;
  highlighted: boolean;
  onHighlight: () => void;
}

function ClassRow({ name, means, count: size, swatch, shown, onToggle, highlighted, onHighlight }: ClassRowProps) {
  return (
    // As high as a finger has to have it.
    <div className="flex h-[24px] items-center gap-1">
      <label data-tip={means} className="flex min-w-0 flex-1 items-center gap-1.5">
        <input type="checkbox" className="size-3.5 accent-(--accent)" checked={shown} onChange={onToggle} />
        {swatch !== undefined && <span aria-hidden className={cn("size-2.5 shrink-0 rounded-full", swatch)} />}
        <span className="truncate">{name}</span>
        <span className="ml-auto text-xs text-quiet tabular-nums">{count(size)}</span>
      </label>
      <button
        type="button"
        aria-pressed={highlighted}
        aria-label={`Highlight ${name}`}
        data-tip={`Highlight ${name}: dim all others`}
        onClick={onHighlight}
        className={cn("grid size-[24px] shrink-0 place-items-center rounded text-quiet hover:bg-raised", highlighted && "bg-accent-soft text-accent")}
      >
        <Crosshair aria-hidden className="size-3.5" />
      </button>
    </div>
  );
}
