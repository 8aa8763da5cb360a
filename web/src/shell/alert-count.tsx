"use client";

/** How many alerts wait for an answer, beside the way to them: whatever page is open, a critical one is seen. */
import { TriangleAlert } from "lucide-react";

import { countOf, useCritical, useOpenAlerts } from "@/alerts/open";
import { cn } from "@/ui/cn";

export function AlertCount() {
  const { data } = useOpenAlerts();
  const critical = countOf(useCritical(data));
  if (data === undefined || data.items.length === 0) return null;
  const isCritical = critical !== "0";
  return (
    <span
      className={cn(
        "inline-flex items-center gap-0.5 rounded px-1 text-xs font-medium tabular-nums max-xl:absolute max-xl:-top-0.5 max-xl:-right-1 max-xl:px-0.5 max-xl:text-[0.625rem] xl:ml-auto",
        isCritical ? "bg-high-soft text-high" : "bg-raised text-quiet",
      )}
    >
      {isCritical && <TriangleAlert aria-hidden className="size-3" />}
      {/* Beside an icon alone there is no room for both. */}
      <span aria-hidden className={cn(isCritical && "max-xl:hidden")}>
        {countOf(data)}
      </span>
      <span className="sr-only">{`: ${countOf(data)} open${isCritical ? `, ${critical} critical` : ""}`}</span>
    </span>
  );
}
