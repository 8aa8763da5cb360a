"use client";

import { Field, Input, Select } from "@/ui/field";
import type { Filters } from "./filters";

const HOURS = [6, 24, 72, 168];

function hoursInWords(hours: number): string {
  return hours <= 24 ? `Next ${hours} h` : `Next ${hours / 24} d`;
}

/** For the browser's field of a time, which knows no zone: here it is UTC. */
function toInput(iso: string | undefined): string {
  return iso === undefined ? "" : iso.slice(0, 16);
}

function fromInput(text: string): string | undefined {
  const ms = text === "" ? Number.NaN : Date.parse(`${text}Z`);
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}

interface WindowFieldProps {
  filters: Filters;
  /** From when "next" counts, in ms since 1970. */
  reference: number | null;
  change: (changed: Partial<Filters>, replace?: boolean) => void;
}

/** The window of times of closest approach: so many hours from now, or from one time to another. */
export function WindowField({ filters, reference, change }: WindowFieldProps) {
  const { withinHours, from, to } = filters;
  const isCustom = from !== undefined || to !== undefined;
  const hours = withinHours !== undefined && !HOURS.includes(withinHours) ? [...HOURS, withinHours].sort((a, b) => a - b) : HOURS;
  const choose = (chosen: string) => {
    if (chosen === "custom") {
      // A day, to begin with; the hour is whole.
      const start = Math.floor((reference ?? Date.now()) / 3_600_000) * 3_600_000;
      change({ withinHours: undefined, from: new Date(start).toISOString(), to: new Date(start + 86_400_000).toISOString() });
    } else {
      change({ withinHours: chosen === "" ? undefined : Number(chosen), from: undefined, to: undefined });
    }
  };
  return (
    <>
      <Field label="TCA" className="w-32">
        {(props) => (
          <Select {...props} value={isCustom ? "custom" : (withinHours ?? "")} onChange={({ target }) => choose(target.value)}>
            <option value="">Any time</option>
            {hours.map((one) => (
              <option key={one} value={one}>
                {hoursInWords(one)}
              </option>
            ))}
            <option value="custom">From, to</option>
          </Select>
        )}
      </Field>
      {isCustom && (
        <>
          <Field label="TCA from (UTC)" className="w-48">
            {(props) => (
              <Input {...props} type="datetime-local" value={toInput(from)} onChange={({ target }) => change({ from: fromInput(target.value) }, true)} />
            )}
          </Field>
          <Field label="TCA to (UTC)" className="w-48">
            {(props) => (
              <Input {...props} type="datetime-local" value={toInput(to)} onChange={({ target }) => change({ to: fromInput(target.value) }, true)} />
            )}
          </Field>
        </>
      )}
    </>
  );
}
