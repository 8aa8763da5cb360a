"use client";

import { FilterX } from "lucide-react";
import { useEffect, useRef, useState } from "react";

import { api } from "@/api/client";
import { Button } from "@/ui/button";
import { Field, Input, Select } from "@/ui/field";
import { Explained } from "@/ui/tip";
import { DEFAULTS, number, oneOf, RELATIONS, STATUSES, write, type Filters, type Relations } from "./filters";
import { ObjectField } from "./object-field";
import { WindowField } from "./window-field";
import { STATUS_WORDS } from "./words";

const RELATION_WORDS: Record<Relations, string> = { none: "Left out", all: "With them", only: "Alone" };

interface FilterBarProps {
  filters: Filters;
  /** From when "next" counts, in ms since 1970. */
  reference: number | null;
  change: (changed: Partial<Filters>, replace?: boolean) => void;
}

export function FilterBar({ filters, reference, change }: FilterBarProps) {
  const lists = api.useQuery("get", "/api/v1/watch-lists", {});
  const isUsual = write({ ...filters, sort: DEFAULTS.sort, backward: DEFAULTS.backward }) === "";
  return (
    <form role="search" aria-label="Filters" className="flex flex-wrap items-start gap-2" onSubmit={(event) => event.preventDefault()}>
      <ObjectField value={filters.object} onChange={(object) => change({ object })} />
      <Field label="Watch list" className="w-32">
        {(props) => (
          <Select {...props} value={filters.watchList ?? ""} onChange={({ target }) => change({ watchList: target.value || undefined })}>
            <option value="">Any</option>
            {lists.data?.items.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
            {filters.watchList !== undefined && lists.data?.items.every(({ id }) => id !== filters.watchList) === true && (
              <option value={filters.watchList}>Unknown list</option>
            )}
          </Select>
        )}
      </Field>
      <WindowField filters={filters} reference={reference} change={change} />
      <NumberField
        label="Miss, at most (km)"
        value={filters.maxMissKm}
        most={Number.MAX_VALUE}
        due="0 or more"
        onChange={(maxMissKm, replace) => change({ maxMissKm }, replace)}
      />
      <NumberField
        label="Probability, at least"
        value={filters.minProbability}
        most={1}
        due="0 to 1, as 1e-5"
        onChange={(minProbability, replace) => change({ minProbability }, replace)}
      />
      <Field label="Status" className="w-28">
        {(props) => (
          <Select {...props} value={filters.status} onChange={({ target }) => change({ status: oneOf(STATUSES, target.value) ?? DEFAULTS.status })}>
            {STATUSES.map((status) => (
              <option key={status} value={status}>
                {STATUS_WORDS[status].short}
              </option>
            ))}
          </Select>
        )}
      </Field>
      <Field label={<Explained says="Pairs that never part in the screened window: docked or flying in formation">Relations</Explained>} className="w-36">
        {(props) => (
          <Select {...props} value={filters.relations} onChange={({ target }) => change({ relations: oneOf(RELATIONS, target.value) ?? DEFAULTS.relations })}>
            {RELATIONS.map((relations) => (
              <option key={relations} value={relations}>
                {RELATION_WORDS[relations]}
              </option>
            ))}
          </Select>
        )}
      </Field>
      <Button kind="ghost" className="mt-5" disabled={isUsual} onClick={() => change({ ...DEFAULTS, sort: filters.sort, backward: filters.backward })}>
        <FilterX />
        Clear
      </Button>
    </form>
  );
}

interface NumberFieldProps {
  label: string;
  value: number | undefined;
  most: number;
  due: string;
  onChange: (value: number | undefined, replace: boolean) => void;
}

/** Who types a number is answered after this time. */
const TYPING_MS = 200;

/** A number that filters as it is typed; what is typed at one go is one place in the history. */
function NumberField({ label, value, most, due, onChange }: NumberFieldProps) {
  const [text, setText] = useState<string | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const changed = useRef(false);
  useEffect(() => () => clearTimeout(timer.current), []);
  const shown = text ?? (value === undefined ? "" : String(value));
  const isWrong = text !== null && text.trim() !== "" && number(text, 0, most) === undefined;
  const commit = (typed: string) => {
    clearTimeout(timer.current);
    const parsed = number(typed, 0, most);
    if ((parsed === undefined && typed.trim() !== "") || parsed === value) return;
    onChange(parsed, changed.current);
    changed.current = true;
  };
  return (
    <Field label={label} className="w-32" error={isWrong ? `Due: ${due}` : undefined}>
      {(props) => (
        <Input
          {...props}
          inputMode="decimal"
          placeholder="Any"
          value={shown}
          onChange={({ target }) => {
            setText(target.value);
            clearTimeout(timer.current);
            timer.current = setTimeout(() => commit(target.value), TYPING_MS);
          }}
          onKeyDown={({ key }) => {
            if (key === "Enter") commit(shown);
          }}
          onBlur={() => {
            commit(shown);
            setText(null);
            changed.current = false;
          }}
        />
      )}
    </Field>
  );
}
