"use client";

/** The time of the globe: which, how fast it runs, and where it may go. */
import { Pause, Play } from "lucide-react";

import { useZone } from "@/time/clock";
import { span, time } from "@/time/format";
import { Button } from "@/ui/button";
import { cn } from "@/ui/cn";
import { SPEEDS } from "./clock";
import type { Store } from "./store";
import { useStore } from "./store";

export interface TimeState {
  timeMs: number;
  presentMs: number;
  firstMs: number;
  lastMs: number;
  speed: number;
}

function nameOf(speed: number): string {
  return `${speed < 0 ? "−" : ""}${Math.abs(speed)}×`;
}

interface TimeBarProps {
  store: Store<TimeState>;
  /** Whether what counts as now is the time of a past catalog. */
  past: boolean;
  onTime: (timeMs: number) => void;
  onSpeed: (speed: number) => void;
}

export function TimeBar({ store, past, onTime, onSpeed }: TimeBarProps) {
  const { timeMs, presentMs, firstMs, lastMs, speed } = useStore(store);
  const { zone } = useZone();
  const away = Math.round((timeMs - presentMs) / 1_000);
  const now = past ? "Start of the data" : "Now";
  return (
    <div role="group" aria-label="Time" className="flex flex-wrap items-center gap-x-3 gap-y-1.5 border-t border-line bg-panel px-3 py-1.5">
      <div role="group" aria-label="Speed" className="flex items-center overflow-hidden rounded-md border border-line">
        {SPEEDS.map((one) => {
          const chosen = one === speed;
          const label = one === 0 ? "Pause" : `${nameOf(one)} the speed of time`;
          return (
            <button
              key={one}
              type="button"
              aria-pressed={chosen}
              aria-label={label}
              data-tip={label}
              onClick={() => onSpeed(one)}
              className={cn("h-7 px-2 text-xs tabular-nums hover:bg-raised", chosen && "bg-accent-soft font-semibold text-accent")}
            >
              {one === 0 ? <Pause aria-hidden className="size-3.5" /> : one === 1 ? <Play aria-hidden className="inline size-3.5" /> : nameOf(one)}
            </button>
          );
        })}
      </div>
      <input
        type="range"
        aria-label="Time shown"
        aria-valuetext={time(timeMs, zone)}
        className="h-4 min-w-32 flex-1 accent-(--accent)"
        min={firstMs}
        max={lastMs}
        step={60_000}
        value={timeMs}
        onChange={(event) => onTime(Number(event.target.value))}
      />
      <span className="font-medium whitespace-nowrap tabular-nums">{time(timeMs, zone)}</span>
      <span className="w-20 text-xs whitespace-nowrap text-quiet tabular-nums">
        {Math.abs(away) < 2 ? (past ? "start of data" : "now") : `${away < 0 ? "−" : "+"}${span(away)}`}
      </span>
      <Button size="small" onClick={() => onTime(presentMs)}>
        {now}
      </Button>
    </div>
  );
}
