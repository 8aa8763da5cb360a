"use client";

/** A field for an object: its number, or part of its name, of which the service finds the objects. */
import { keepPreviousData } from "@tanstack/react-query";
import { X } from "lucide-react";
import { useDeferredValue, useId, useState, type KeyboardEvent } from "react";

import { api } from "@/api/client";
import { Button } from "@/ui/button";
import { cn } from "@/ui/cn";
import { Input } from "@/ui/field";
import { nameOf } from "@/units/words";

const LEAST_LETTERS = 2;

interface ObjectFieldProps {
  value: number | undefined;
  onChange: (object: number | undefined) => void;
}

export function ObjectField({ value, onChange }: ObjectFieldProps) {
  const id = useId();
  return (
    <div className="flex w-44 min-w-0 flex-col gap-1">
      <label htmlFor={id} className="text-xs font-medium text-quiet">
        Object
      </label>
      {value === undefined ? <Search id={id} onChange={onChange} /> : <Chosen id={id} value={value} onChange={onChange} />}
    </div>
  );
}

function Chosen({ id, value, onChange }: { id: string; value: number; onChange: ObjectFieldProps["onChange"] }) {
  const object = api.useQuery("get", "/api/v1/objects/{number}", { params: { path: { number: value } } });
  return (
    <div className="flex h-8 items-center rounded-md border border-accent bg-accent-soft pl-2">
      <span className="min-w-0 flex-1 truncate" title={`Catalog number ${value}`}>
        {object.data === undefined ? `Object ${value}` : nameOf(object.data)}
      </span>
      <Button id={id} kind="ghost" size="icon" aria-label="Any object" className="size-7" onClick={() => onChange(undefined)}>
        <X />
      </Button>
    </div>
  );
}

function Search({ id, onChange }: { id: string; onChange: ObjectFieldProps["onChange"] }) {
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(0);
  const wanted = useDeferredValue(text.trim());
  const searches = wanted.length >= LEAST_LETTERS;
  const objects = api.useQuery(
    "get",
    "/api/v1/objects",
    { params: { query: { search: wanted, limit: 8 } } },
    { enabled: searches, placeholderData: keepPreviousData },
  );
  const found = searches ? (objects.data?.items ?? []) : [];
  const shown = open && searches;
  const list = `${id}-list`;

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setOpen(true);
      setActive((place) => Math.max(0, Math.min(place + (event.key === "ArrowDown" ? 1 : -1), found.length - 1)));
    } else if (event.key === "Enter") {
      event.preventDefault();
      const chosen = found[active];
      // A number needs no search.
      if (/^\d{1,9}$/.test(text.trim())) onChange(Number(text));
      else if (chosen !== undefined) onChange(chosen.catalog_number);
    } else if (event.key === "Escape") {
      setOpen(false);
    }
  };

  return (
    <div className="relative">
      <Input
        id={id}
        role="combobox"
        aria-expanded={shown}
        aria-controls={list}
        aria-autocomplete="list"
        aria-activedescendant={shown && found[active] !== undefined ? `${list}-${active}` : undefined}
        placeholder="Name or number"
        autoComplete="off"
        value={text}
        onChange={({ target }) => {
          setText(target.value);
          setActive(0);
          setOpen(true);
        }}
        onKeyDown={onKeyDown}
        onBlur={() => setOpen(false)}
      />
      <ul
        id={list}
        role="listbox"
        aria-label="Objects found"
        hidden={!shown}
        className="absolute z-30 mt-1 max-h-72 w-72 overflow-auto rounded-md border border-line bg-panel p-1 shadow-lg"
      >
        {found.map((object, place) => (
          <li
            key={object.catalog_number}
            id={`${list}-${place}`}
            role="option"
            aria-selected={place === active}
            className={cn("flex cursor-pointer gap-2 rounded px-2 py-1", place === active && "bg-accent-soft text-accent")}
            // Before the field loses its focus, which closes the list.
            onMouseDown={(event) => {
              event.preventDefault();
              onChange(object.catalog_number);
            }}
            onMouseEnter={() => setActive(place)}
          >
            <span className="truncate">{nameOf(object)}</span>
            <span className="ml-auto text-quiet tabular-nums">{object.catalog_number}</span>
          </li>
        ))}
        {found.length === 0 && (
          <li role="option" aria-selected={false} aria-disabled className="px-2 py-1 text-quiet">
            {objects.isFetching ? "Searching" : "Nothing found"}
          </li>
        )}
      </ul>
    </div>
  );
}
