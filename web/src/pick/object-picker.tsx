"use client";

/** A field that finds an object of the catalog by name, designator or catalog number. */
import { keepPreviousData } from "@tanstack/react-query";
import { useDeferredValue, useId, useState, type KeyboardEvent } from "react";

import { api, inWords, type Schemas } from "@/api/client";
import { cn } from "@/ui/cn";
import { Input } from "@/ui/field";
import { nameOf } from "@/units/words";

export type CatalogObject = Schemas["ObjectRow"];

interface ObjectPickerProps {
  id: string;
  onPick: (object: CatalogObject) => void;
  /** Where a catalog number is enough: Enter after one takes it as it is, without a search. */
  onNumber?: (number: number) => void;
  placeholder?: string;
  "aria-describedby"?: string | undefined;
  "aria-invalid"?: boolean;
}

const FOUND = 8;

export function ObjectPicker({ id, onPick, onNumber, placeholder = "Name, designator or catalog number", ...described }: ObjectPickerProps) {
  const list = useId();
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(0);
  const wanted = useDeferredValue(text.trim());
  const search = api.useQuery(
    "get",
    "/api/v1/objects",
    { params: { query: { search: wanted, limit: FOUND } } },
    { enabled: wanted.length >= 2, placeholderData: keepPreviousData },
  );
  const found = wanted.length >= 2 ? (search.data?.items ?? []) : [];
  // Of another text than the one that stands there: shown, but not what Enter takes.
  const isOld = search.isPlaceholderData || wanted !== text.trim();
  const shown = open && wanted.length >= 2;

  const pick = (object: CatalogObject | undefined) => {
    if (object === undefined) return;
    onPick(object);
    setText("");
    setOpen(false);
    setActive(0);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter" && onNumber !== undefined && active === 0 && /^\d{1,9}$/.test(text.trim())) {
      event.preventDefault();
      onNumber(Number(text));
      return;
    }
    if (!shown) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      setActive((active + step + found.length) % Math.max(1, found.length));
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (!isOld) pick(found[active]);
    } else if (event.key === "Escape") {
      // Only what was found is closed, not the dialog around it.
      event.preventDefault();
      event.stopPropagation();
      setOpen(false);
    }
  };
  const said = search.error !== null ? inWords(search.error) : search.isFetching ? "Searching" : "No such object in the catalog";

  return (
    <div className="relative" onKeyDownCapture={onKeyDown} onBlur={(event) => !event.currentTarget.contains(event.relatedTarget) && setOpen(false)}>
      <Input
        id={id}
        role="combobox"
        aria-expanded={shown}
        aria-controls={list}
        aria-autocomplete="list"
        aria-activedescendant={shown && found.length > 0 ? `${list}-${active}` : undefined}
        autoComplete="off"
        spellCheck={false}
        placeholder={placeholder}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setOpen(true);
          setActive(0);
        }}
        onFocus={() => setOpen(true)}
        {...described}
      />
      <ul
        id={list}
        role="listbox"
        aria-label="Objects found"
        aria-busy={isOld}
        hidden={!shown}
        className={cn(
          "absolute z-20 mt-1 max-h-72 w-full min-w-64 overflow-auto rounded-md border border-line bg-panel p-1 shadow-lg",
          isOld && "[&>li]:opacity-60",
        )}
      >
        {found.map((object, place) => (
          <li
            key={object.catalog_number}
            id={`${list}-${place}`}
            role="option"
            aria-selected={place === active}
            className={cn("flex cursor-pointer gap-2 rounded px-2 py-1", place === active && "bg-accent-soft text-accent")}
            onMouseEnter={() => setActive(place)}
            // The field keeps the focus.
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => pick(object)}
          >
            <span className="truncate">{nameOf(object)}</span>
            <span className="ml-auto text-quiet tabular-nums">{object.catalog_number}</span>
          </li>
        ))}
        {found.length === 0 && (
          <li role="option" aria-selected={false} aria-disabled className="px-2 py-1 text-quiet">
            {said}
          </li>
        )}
      </ul>
    </div>
  );
}
