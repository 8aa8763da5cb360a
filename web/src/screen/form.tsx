"use client";

/** What to screen, and how. */
import { Radar, Square, X } from "lucide-react";
import { useState, type FormEvent } from "react";

import { ObjectPicker } from "@/pick/object-picker";
import { useZone } from "@/time/clock";
import { zoneInWords } from "@/time/field";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Field, Input, TextArea } from "@/ui/field";
import { Drop } from "@/uploads/drop";
import { ObjectName } from "@/watch-lists/object-name";
import type { Draft } from "./draft";

interface FormProps {
  draft: Draft;
  problems: ReadonlyMap<string, string>;
  isBusy: boolean;
  /** Where the window begins if nothing is said, in words. */
  begins: string;
  onChange: (change: Partial<Draft>) => void;
  onSubmit: () => void;
  onCancel: () => void;
}

const SOURCES = { object: "An object of the catalog", message: "A message" } as const;

export function Form({ draft, problems, isBusy, begins, onChange, onSubmit, onCancel }: FormProps) {
  const { zone } = useZone();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isBusy) onSubmit();
  };
  const number = (field: "window_days" | "threshold_km", label: string, hint: string) => (
    <Field label={label} hint={hint} error={problems.get(field)}>
      {(props) => <Input {...props} inputMode="decimal" value={draft[field]} onChange={(event) => onChange({ [field]: event.target.value })} />}
    </Field>
  );
  return (
    <form onSubmit={submit} noValidate aria-label="What to screen" className="flex flex-col gap-3">
      <fieldset className="flex flex-wrap gap-x-4 gap-y-1">
        <legend className="mb-1 text-xs font-medium text-quiet">Screen</legend>
        {(["object", "message"] as const).map((of) => (
          <label key={of} className="inline-flex min-h-[24px] items-center gap-1.5">
            <input type="radio" name="of" className="size-4 accent-(--accent)" checked={draft.of === of} onChange={() => onChange({ of })} />
            {SOURCES[of]}
          </label>
        ))}
      </fieldset>
      {draft.of === "message" && <Message draft={draft} error={problems.get("message")} onChange={onChange} />}
      {draft.object === null ? (
        <Field
          label={draft.of === "object" ? "Object" : "Which object of the catalog it is"}
          hint={draft.of === "object" ? undefined : "Then it is not screened against itself. Empty: as the message says"}
          error={problems.get("catalog_number")}
        >
          {({ id, ...described }) => <ObjectPicker id={id} {...described} onPick={({ catalog_number, name = null }) => onChange({ object: { catalog_number, name } })} />}
        </Field>
      ) : (
        <div className="flex flex-col gap-1">
          <span className="text-xs font-medium text-quiet">Object</span>
          <span className="flex items-center gap-2">
            <Badge tone="low">
              <ObjectName number={draft.object.catalog_number} known={draft.object.name ?? undefined} />
              <span className="tabular-nums">{draft.object.catalog_number}</span>
            </Badge>
            <Button kind="ghost" size="icon" className="size-6" aria-label="Another object" onClick={() => onChange({ object: null })}>
              <X />
            </Button>
          </span>
          {problems.get("catalog_number") !== undefined && <p className="text-xs text-high">{problems.get("catalog_number")}</p>}
        </div>
      )}
      <div className="grid grid-cols-2 gap-3">
        {number("window_days", "Window (d)", "0.001 to 14 days")}
        {number("threshold_km", "Distance up to (km)", "0.001 to 100 km")}
      </div>
      <Field label={`Start (${zoneInWords(zone)})`} hint={`Empty: ${begins}`} error={problems.get("start")}>
        {(props) => <Input {...props} type="datetime-local" step={1} value={draft.start} onChange={(event) => onChange({ start: event.target.value })} />}
      </Field>
      <div className="flex gap-2">
        <Button type="submit" kind="primary" className="flex-1" disabled={isBusy} aria-busy={isBusy}>
          <Radar />
          Screen
        </Button>
        {isBusy && (
          <Button onClick={onCancel}>
            <Square />
            Stop
          </Button>
        )}
      </div>
    </form>
  );
}

/** What is larger is no message of one object that one would paste. */
const MOST_BYTES = 64 * 2 ** 20;

function Message({ draft, error, onChange }: { draft: Draft; error: string | undefined; onChange: (change: Partial<Draft>) => void }) {
  const [wrong, setWrong] = useState<string>();
  const take = async ([file]: File[]) => {
    if (file === undefined) return;
    if (file.size > MOST_BYTES) {
      setWrong(`${file.name}: more than 64 MB`);
      return;
    }
    setWrong(undefined);
    onChange({ message: await file.text(), fileName: file.name });
  };
  return (
    <>
      <Field label="Message" hint={draft.fileName === "" ? "OMM, TLE or OEM with one object, in any notation" : `From ${draft.fileName}`} error={wrong ?? error}>
        {(props) => (
          <TextArea
            {...props}
            rows={6}
            spellCheck={false}
            className="font-mono text-xs whitespace-pre"
            value={draft.message}
            onChange={(event) => onChange({ message: event.target.value, fileName: "" })}
          />
        )}
      </Field>
      <Drop label="Or drop a file here" hint="" onFiles={(files) => void take(files)} />
    </>
  );
}
