"use client";

import { useZone, type Zone } from "@/time/clock";
import { fieldOf, msOf, zoneInWords } from "@/time/field";
import { Field, Input, Select } from "@/ui/field";
import type { Filters } from "./filters";

const HOURS = [6, 24, 72, 168];

function hoursInWords(hours: number): string {
  return hours <= 24 ? `Next ${hours} h` : `Next ${hours / 24} d`;
}

function toInput(iso: string | undefined, zone: Zone): string {
  return iso === undefined ? "" : fieldOf(Date.parse(iso), zone);
}

function fromInput(text: string, zone: Zone): string | undefined {
  const ms = msOf(text, zone);
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
  const { zone } = useZone();
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
          <Field label={`TCA from (${zoneInWords(zone)})`} className="w-48">
            {(props) => (
              <Input {...props} type="datetime-local" value={toInput(from, zone)} onChange={({ target }) => change({ from: fromInput(target.value, zone) }, true)} />
            )}
          </Field>
          <Field label={`TCA to (${zoneInWords(zone)})`} className="w-48">
            {(props) => (
              <Input {...props} type="datetime-local" value={toInput(to, zone)} onChange={({ target }) => change({ to: fromInput(target.value, zone) }, true)} />
            )}
          </Field>
        </>
      )}
    </>
  );
}
