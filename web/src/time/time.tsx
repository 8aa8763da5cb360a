"use client";

import { useTip } from "@/ui/tip";
import { useNow, useZone } from "./clock";
import { ago, countdown, minute, time } from "./format";
import { useEventNow } from "./reference";

/** A time in the zone that is chosen. With the pointer on it, it stands in the other one; by keys, the head of the page switches them. */
export function Time({ value, digits = 0 }: { value: string; digits?: 0 | 1 | 3 }) {
  const { zone } = useZone();
  const other = time(value, zone === "utc" ? "local" : "utc", digits);
  return (
    <time dateTime={value} data-tip={other} className="whitespace-nowrap tabular-nums" suppressHydrationWarning>
      {time(value, zone, digits)}
    </time>
  );
}

/** A time to the minute, without its zone: where a heading has it (`ZoneName`). The whole time is its tip. */
export function Minute({ value }: { value: string }) {
  const { zone } = useZone();
  const tip = useTip(time(value, zone));
  return (
    <time dateTime={value} {...tip} className="whitespace-nowrap tabular-nums" suppressHydrationWarning>
      {minute(value, zone)}
    </time>
  );
}

/** The zone that times are shown in, for headings. */
export function ZoneName() {
  const { zone } = useZone();
  return <span suppressHydrationWarning>{zone === "utc" ? "UTC" : "local"}</span>;
}

/** How long ago a time is, each second anew; the time is its tip, unless what is around it says it (`bare`). */
export function Ago({ value, bare = false }: { value: string; bare?: boolean }) {
  const now = useNow();
  const { zone } = useZone();
  const tip = useTip(bare ? undefined : time(value, zone));
  return (
    <time dateTime={value} {...tip} className="whitespace-nowrap tabular-nums" suppressHydrationWarning>
      {now === null ? time(value, zone) : ago(value, now)}
    </time>
  );
}

/** The time to an event, each second anew. */
export function Countdown({ to }: { to: string }) {
  const now = useEventNow();
  return (
    <span className="whitespace-nowrap tabular-nums" suppressHydrationWarning>
      {now === null ? "" : countdown(Date.parse(to), now)}
    </span>
  );
}
