"use client";

import { BellOff, Check, CheckCheck } from "lucide-react";
import type { KeyboardEvent, ReactNode } from "react";

import type { Alert } from "@/api/client";
import { Ago } from "@/time/time";
import { Badge, SeverityBadge } from "@/ui/badge";
import { cn } from "@/ui/cn";
import { TipsInside } from "@/ui/tip";
import { useAnchored } from "./anchored";
import { STATE_WORDS } from "./history";

interface AlertListProps {
  alerts: Alert[];
  chosen: string | null;
  fresh: ReadonlySet<string>;
  onChoose: (id: string) => void;
  /** What stands at the end. */
  children?: ReactNode;
}

/** The alerts that are asked for and the one that is read: that one stays, even if it is no longer asked for. */
export function withChosen(alerts: readonly Alert[], chosen: Alert | undefined): Alert[] {
  if (chosen === undefined || alerts.some(({ id }) => id === chosen.id)) return [...alerts];
  return [...alerts, chosen].sort((one, other) => other.opened.localeCompare(one.opened));
}

export function AlertList({ alerts, chosen, fresh, onChoose, children }: AlertListProps) {
  const { place, onMoved } = useAnchored(alerts.map(({ id }) => id).join(), chosen);

  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const rows = [...(place.current?.querySelectorAll<HTMLElement>("button[data-id]") ?? [])];
    const at = rows.findIndex((row) => row === document.activeElement);
    event.preventDefault();
    rows[Math.max(0, Math.min(rows.length - 1, at + step))]?.focus();
  };

  return (
    <div
      ref={place}
      onKeyDown={onKeyDown}
      onScroll={onMoved}
      onFocus={onMoved}
      className="relative min-h-0 flex-1 overflow-auto rounded-lg border border-line bg-panel [overflow-anchor:none]"
    >
      <ul aria-label="Alerts">
        {alerts.map((alert) => (
          <li key={alert.id} className="border-b border-line last:border-b-0">
            <button
              type="button"
              data-id={alert.id}
              aria-current={alert.id === chosen}
              className={cn("flex w-full flex-col gap-0.5 px-3 py-1.5 text-left hover:bg-raised focus-visible:outline-offset-[-2px]", alert.id === chosen && "bg-accent-soft")}
              onClick={() => onChoose(alert.id)}
            >
              <TipsInside>
                <span className="flex items-center gap-2">
                  <SeverityBadge severity={alert.severity} />
                  <StateBadge state={alert.state} />
                  {fresh.has(alert.id) && <Badge tone="good">new</Badge>}
                  <span className="ml-auto text-xs text-quiet">
                    <Ago value={alert.opened} />
                  </span>
                </span>
                <span className="line-clamp-2">{alert.summary}</span>
              </TipsInside>
            </button>
          </li>
        ))}
      </ul>
      {children}
    </div>
  );
}

const ICONS: Record<Alert["state"], ReactNode> = {
  open: null,
  acknowledged: <Check aria-hidden />,
  muted: <BellOff aria-hidden />,
  resolved: <CheckCheck aria-hidden />,
};

export function StateBadge({ state }: { state: Alert["state"] }) {
  return (
    <Badge tone={state === "open" ? "low" : "quiet"}>
      {ICONS[state]}
      {STATE_WORDS[state]}
    </Badge>
  );
}
