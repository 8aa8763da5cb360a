"use client";

/** A list that does not move under the eyes of its reader: what comes in above pushes nothing away. */
import { useLayoutEffect, useRef, type RefObject } from "react";

export interface Anchor {
  id: string;
  /** Its distance from the beginning of the list, in px. */
  top: number;
}

/**
 * What is to stay in place: the row that has the focus or is chosen, if it is in sight; else the first that is. At the very
 * top, with none of these, what is new is let in.
 */
export function anchorOf(list: HTMLElement, chosen: string | null): Anchor | undefined {
  const rows = [...list.querySelectorAll<HTMLElement>("[data-id]")];
  const isInSight = (row: HTMLElement) => row.offsetTop + row.offsetHeight > list.scrollTop && row.offsetTop < list.scrollTop + list.clientHeight;
  const isHeld = (row: HTMLElement) => row.contains(document.activeElement) || row.dataset.id === chosen;
  const first = list.scrollTop > 0 ? rows.find(isInSight) : undefined;
  const row = rows.find((row) => isHeld(row) && isInSight(row)) ?? first;
  return row?.dataset.id === undefined ? undefined : { id: row.dataset.id, top: row.offsetTop };
}

/** Scrolls so that what was to stay is where it was. */
export function holdAt(list: HTMLElement, anchor: Anchor | undefined): void {
  const row = anchor === undefined ? null : list.querySelector<HTMLElement>(`[data-id="${CSS.escape(anchor.id)}"]`);
  if (anchor !== undefined && row !== null) list.scrollTop += row.offsetTop - anchor.top;
}

/** For a list that scrolls, whose rows have their ids in `data-id`; `rows` are all of them, in order. */
export function useAnchored(rows: string, chosen: string | null): { place: RefObject<HTMLDivElement | null>; onMoved: () => void } {
  const place = useRef<HTMLDivElement>(null);
  const anchor = useRef<Anchor>(undefined);
  useLayoutEffect(() => {
    if (place.current === null) return;
    holdAt(place.current, anchor.current);
    anchor.current = anchorOf(place.current, chosen);
  }, [rows, chosen]);
  const onMoved = () => {
    if (place.current !== null) anchor.current = anchorOf(place.current, chosen);
  };
  return { place, onMoved };
}
