"use client";

/** Whether keys without Ctrl act on the page: who speaks to the browser, or strikes keys unwillingly, turns them off (WCAG 2.1.4). */
import { useKept } from "@/ui/kept";

export function useSingleKeys(): { areOn: boolean; turn: (on: boolean) => void } {
  const [kept, keep] = useKept("astroshield.single-keys");
  return { areOn: kept !== "off", turn: (on) => keep(on ? null : "off") };
}
