"use client";

/** A field for an object: its number, or part of its name, of which the service finds the objects. */
import { X } from "lucide-react";
import { useId } from "react";

import { api } from "@/api/client";
import { ObjectPicker } from "@/pick/object-picker";
import { Button } from "@/ui/button";
import { Tip } from "@/ui/tip";
import { nameOf } from "@/units/words";

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
      {value === undefined ? (
        <ObjectPicker id={id} placeholder="Name or number" onPick={({ catalog_number: number }) => onChange(number)} onNumber={onChange} />
      ) : (
        <Chosen id={id} value={value} onChange={onChange} />
      )}
    </div>
  );
}

function Chosen({ id, value, onChange }: { id: string; value: number; onChange: ObjectFieldProps["onChange"] }) {
  const object = api.useQuery("get", "/api/v1/objects/{number}", { params: { path: { number: value } } });
  return (
    <div className="flex h-8 items-center rounded-md border border-accent bg-accent-soft pl-2">
      <Tip className="min-w-0 flex-1 truncate" says={`Catalog number ${value}`}>
        {object.data === undefined ? `Object ${value}` : nameOf(object.data)}
      </Tip>
      <Button id={id} kind="ghost" size="icon" aria-label="Any object" className="size-7" onClick={() => onChange(undefined)}>
        <X />
      </Button>
    </div>
  );
}
