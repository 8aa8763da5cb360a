"use client";

/** Adds objects to a list: one by search, many by their catalog numbers. */
import { useId, useState } from "react";

import { http, inWords, statusOf } from "@/api/client";
import { readNumbers } from "@/pick/numbers";
import { ObjectPicker } from "@/pick/object-picker";
import { Button } from "@/ui/button";
import { Field, TextArea } from "@/ui/field";
import { count } from "@/units/format";

interface Found {
  catalog_number: number;
  name?: string;
}

interface AddObjectsProps {
  onAdd: (objects: Found[]) => void;
  listed: readonly { catalog_number: number }[];
  error?: string | undefined;
}

/** So many pasted numbers are looked up in the catalog one by one; of more, the service alone judges. */
const LOOKED_UP = 100;
const AT_ONCE = 8;

export interface LookedUp {
  found: Found[];
  unknown: number[];
}

/** Looks numbers up in the catalog, a few at once. */
export async function lookUp(numbers: readonly number[]): Promise<LookedUp> {
  const found: Found[] = [];
  const unknown: number[] = [];
  const left = [...numbers];
  const worker = async () => {
    for (let number = left.shift(); number !== undefined; number = left.shift()) {
      const { data, error } = await http.GET("/api/v1/objects/{number}", { params: { path: { number } } });
      if (data !== undefined) found.push({ catalog_number: number, ...(data.name == null ? {} : { name: data.name }) });
      else if (statusOf(error) === 404) unknown.push(number);
      else throw error;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  const place = new Map(numbers.map((number, index) => [number, index]));
  found.sort((one, other) => (place.get(one.catalog_number) ?? 0) - (place.get(other.catalog_number) ?? 0));
  return { found, unknown };
}

export function AddObjects({ onAdd, listed, error }: AddObjectsProps) {
  const status = useId();
  const [pasted, setPasted] = useState("");
  const [said, setSaid] = useState("");
  const [wrong, setWrong] = useState<string>();
  const [busy, setBusy] = useState(false);

  const add = async () => {
    const { numbers, wrong: words } = readNumbers(pasted);
    if (words.length > 0) {
      setWrong(`No catalog numbers: ${words.slice(0, 5).join(", ")}${words.length > 5 ? ` and ${words.length - 5} more` : ""}. One to nine digits each are due.`);
      return;
    }
    const known = new Set(listed.map((object) => object.catalog_number));
    const fresh = numbers.filter((number) => !known.has(number));
    setBusy(true);
    try {
      const { found, unknown } =
        fresh.length <= LOOKED_UP ? await lookUp(fresh) : { found: fresh.map((catalog_number) => ({ catalog_number })), unknown: [] };
      onAdd(found);
      setWrong(unknown.length > 0 ? `Not in the catalog, and not added: ${unknown.join(", ")}` : undefined);
      setSaid(`${count(found.length)} added${numbers.length > fresh.length ? `, ${count(numbers.length - fresh.length)} were listed already` : ""}`);
      setPasted(unknown.join(", "));
    } catch (failure) {
      setWrong(`The catalog could not be asked: ${inWords(failure)}`);
    } finally {
      setBusy(false);
    }
  };

  return (
    <fieldset className="grid gap-3 rounded-md border border-line p-3 sm:grid-cols-2">
      <legend className="px-1 text-xs font-medium text-quiet">Add satellites</legend>
      <Field label="By search" hint="Enter takes the one that is marked" error={error}>
        {({ id, ...described }) => (
          <ObjectPicker
            id={id}
            {...described}
            onPick={(object) => {
              onAdd([{ catalog_number: object.catalog_number, ...(object.name == null ? {} : { name: object.name }) }]);
              setSaid(`${object.name ?? object.catalog_number} added`);
            }}
          />
        )}
      </Field>
      <div className="flex items-start gap-2">
        <Field label="By catalog numbers" hint="Any number of them, with commas, blanks or line ends between" error={wrong} className="flex-1">
          {(props) => <TextArea {...props} rows={1} className="min-h-8" value={pasted} onChange={(event) => setPasted(event.target.value)} />}
        </Field>
        <Button className="mt-5" disabled={busy || pasted.trim() === ""} aria-busy={busy} onClick={() => void add()}>
          Add
        </Button>
      </div>
      <p id={status} role="status" className="text-xs text-quiet sm:col-span-2">
        {said}
      </p>
    </fieldset>
  );
}
