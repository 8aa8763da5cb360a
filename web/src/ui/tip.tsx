"use client";

/**
 * What a word, a number or a sign means: shown where the pointer rests, where the focus is, and on a tap; and told to who hears
 * the page (aria-describedby). What has one carries it as `data-tip`: one layer for the whole page listens, so that a table of
 * 150,000 rows pays no more for a tip than for an attribute, which a component for each (of Radix, as an example) would not
 * allow. Those are not shown on a tap, either.
 */
import { createContext, useContext, useEffect, useId, useLayoutEffect, useRef, useState, type ComponentProps, type KeyboardEvent, type ReactNode } from "react";
import { createPortal } from "react-dom";

import { cn } from "./cn";

/** Whether Tab stops at what has a tip: 0; it takes the focus, but not by Tab: -1; never: it is in something that takes it. */
const Stop = createContext<0 | -1 | undefined>(0);

/** Around what takes the focus itself (a link, a button): with the focus, it shows all tips in it. */
export function TipsInside({ children }: { children: ReactNode }) {
  return <Stop value={undefined}>{children}</Stop>;
}

/** Around rows: who wants their tips goes on from the row by → (`stepTips`). */
export function TipsByArrows({ children }: { children: ReactNode }) {
  return <Stop value={-1}>{children}</Stop>;
}

interface TipProps {
  /** Undefined: it has none. */
  says: string | undefined;
}

/** For elements that are none of themselves to take the focus, as a time. */
export function useTip(says: string | undefined) {
  const stop = useContext(Stop);
  return says === undefined ? {} : { "data-tip": says, ...(stop === undefined ? {} : { tabIndex: stop }) };
}

/** Words with a tip. What takes the focus of itself has `data-tip` instead. */
export function Tip({ says, ...rest }: TipProps & ComponentProps<"span">) {
  return <span {...useTip(says)} {...rest} />;
}

/** Words whose tip is looked for: the names of columns and of figures. */
export function Explained({ says, className, ...rest }: TipProps & ComponentProps<"span">) {
  return <Tip says={says} className={cn(says !== undefined && "underline decoration-line-strong decoration-dotted underline-offset-2", className)} {...rest} />;
}

/** ← and → go from one tip in a part of the page to the next; whether there was one. */
export function stepTips({ key, ctrlKey, metaKey, altKey, shiftKey }: KeyboardEvent, part: Element): boolean {
  if ((key !== "ArrowRight" && key !== "ArrowLeft") || ctrlKey || metaKey || altKey || shiftKey) return false;
  const tips = [...part.querySelectorAll<HTMLElement>("a, button, [tabindex]")].filter((one) => ofFocus(one) !== null);
  const at = tips.findIndex((one) => one === document.activeElement);
  const next = key === "ArrowRight" ? tips[at + 1] : tips[at - 1];
  next?.focus();
  return next !== undefined;
}

/** A part of a page that Tab stops at, and in which ← and → lead on to the tips. */
export function TipRegion({ label, children, ...rest }: ComponentProps<"div"> & { label: string }) {
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    if (event.target instanceof HTMLElement && event.target.matches("input, select, textarea")) return;
    if (stepTips(event, event.currentTarget)) event.preventDefault();
  };
  return (
    <div role="region" aria-label={label} tabIndex={0} onKeyDown={onKeyDown} {...rest}>
      <TipsByArrows>{children}</TipsByArrows>
    </div>
  );
}

/** The pointer rests so long; where one is shown already, the next is shown at once. */
const REST_MS = 350;
/** It stays so long after the pointer, which may go on to it. */
const LEAVE_MS = 150;
/** A finger that stays is no tap: it shows the tip of what a tap would follow or press. */
const HOLD_MS = 450;
const MOVED_PX = 10;
/** From the edges of the page, and from what it is of. */
const GAP_PX = 6;

interface Shown {
  /** What it is of, and stands beside. */
  of: Element;
  /** What it is told with: that, or what has the focus around it. */
  to: Element;
}

const PRESSED = "a, button, input, select, textarea, label, summary, [role=button], tr[data-row]";

function saidOf({ of, to }: Shown): string {
  const all = of !== to && to.contains(of) ? [...to.querySelectorAll("[data-tip]")] : [of];
  return [...new Set(all.map((one) => one.getAttribute("data-tip") ?? ""))].join("\n");
}

/** The tip of what has the focus. */
function ofFocus(to: Element): Shown | null {
  if (to.hasAttribute("data-tip")) return { of: to, to };
  const of = to.closest("label[data-tip]") ?? (to.matches("a, button, summary") ? to.querySelector("[data-tip]") : null);
  return of === null ? null : { of, to };
}

function ofPointer({ target }: Event): Shown | null {
  const of = target instanceof Element ? target.closest("[data-tip]") : null;
  return of === null ? null : { of, to: of };
}

/** Once on the page. */
export function TipLayer() {
  const id = useId();
  const tip = useRef<HTMLDivElement>(null);
  const [shown, show] = useState<Shown | null>(null);
  const current = useRef<Shown | null>(null);
  const [said, say] = useState("");

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let hold: { timer: ReturnType<typeof setTimeout>; x: number; y: number } | undefined;
    let wasHeld = false;
    const set = (to: Shown | null) => {
      clearTimeout(timer);
      current.current = to;
      if (to !== null) say(saidOf(to));
      show(to);
    };
    const letGo = () => {
      clearTimeout(hold?.timer);
      hold = undefined;
    };
    const isOnTip = (event: Event) => event.target instanceof Node && tip.current?.contains(event.target) === true;

    const listeners: { [K in keyof DocumentEventMap]?: (event: DocumentEventMap[K]) => void } = {
      pointerover: (event) => {
        if (event.pointerType === "touch") return;
        clearTimeout(timer);
        if (isOnTip(event)) return;
        const found = ofPointer(event);
        if (found === null) {
          // What has the focus keeps its tip.
          if (current.current !== null && current.current.to !== document.activeElement) timer = setTimeout(() => set(null), LEAVE_MS);
        } else if (found.of !== current.current?.of) {
          timer = setTimeout(() => set(found), current.current === null ? REST_MS : 0);
        }
      },
      pointerdown: (event) => {
        letGo();
        wasHeld = false;
        if (isOnTip(event)) return;
        if (event.pointerType !== "touch") {
          set(null);
          return;
        }
        const found = ofPointer(event);
        if (found === null) return;
        const held = setTimeout(() => {
          wasHeld = true;
          set(found);
        }, HOLD_MS);
        hold = { timer: held, x: event.clientX, y: event.clientY };
      },
      pointermove: ({ clientX, clientY }) => {
        if (hold !== undefined && Math.hypot(clientX - hold.x, clientY - hold.y) > MOVED_PX) letGo();
      },
      pointerup: letGo,
      pointercancel: letGo,
      click: (event) => {
        if (!("pointerType" in event) || event.pointerType !== "touch") return;
        if (wasHeld) {
          // The finger asked what it is, and no more.
          wasHeld = false;
          event.preventDefault();
          event.stopPropagation();
          return;
        }
        if (isOnTip(event)) return;
        const found = ofPointer(event);
        const isPressed = found === null || found.of.closest(PRESSED) !== null;
        set(isPressed || found.of === current.current?.of ? null : found);
      },
      focusin: ({ target }) => {
        if (target instanceof Element && target.matches(":focus-visible")) set(ofFocus(target));
      },
      focusout: ({ target }) => {
        if (target === current.current?.to) set(null);
      },
      keydown: (event) => {
        // A finger that was held may have no click: what comes now is of the keys.
        wasHeld = false;
        if (event.key !== "Escape" || current.current === null) return;
        set(null);
        // What is around it stays open.
        event.stopPropagation();
      },
    };
    // Before all others: a dialog would else take Escape.
    for (const [name, listener] of Object.entries(listeners)) addEventListener(name, listener as EventListener, true);
    return () => {
      clearTimeout(timer);
      letGo();
      for (const [name, listener] of Object.entries(listeners)) removeEventListener(name, listener as EventListener, true);
    };
  }, []);

  useLayoutEffect(() => {
    if (shown === null) return;
    const { of, to } = shown;
    const end = () => {
      current.current = null;
      show(null);
    };
    const place = () => {
      const element = tip.current;
      if (!of.isConnected) end();
      if (element === null || !of.isConnected) return;
      const at = of.getBoundingClientRect();
      const { width, height } = element.getBoundingClientRect();
      const below = at.bottom + GAP_PX;
      const top = below + height + GAP_PX <= innerHeight ? below : Math.max(GAP_PX, at.top - height - GAP_PX);
      element.style.left = `${Math.max(GAP_PX, Math.min(at.left, innerWidth - width - GAP_PX))}px`;
      element.style.top = `${top}px`;
    };
    place();
    const described = to.getAttribute("aria-describedby");
    to.setAttribute("aria-describedby", described === null ? id : `${described} ${id}`);
    // What it is of may go, or mean something else.
    const observer = new MutationObserver(() => {
      if (of.isConnected) say(saidOf(shown));
      else end();
    });
    observer.observe(document.body, { childList: true, subtree: true, attributeFilter: ["data-tip"] });
    addEventListener("scroll", place, true);
    addEventListener("resize", place);
    return () => {
      observer.disconnect();
      removeEventListener("scroll", place, true);
      removeEventListener("resize", place);
      if (described === null) to.removeAttribute("aria-describedby");
      else to.setAttribute("aria-describedby", described);
    };
  }, [shown, said, id]);

  if (shown === null) return null;
  return createPortal(
    <div
      ref={tip}
      id={id}
      role="tooltip"
      className="pointer-events-auto fixed z-60 w-max max-w-80 rounded-md border border-line-strong bg-panel px-2 py-1 text-xs whitespace-pre-line text-ink shadow-lg"
      // A dialog that it is of would take that for a click beside itself.
      onPointerDown={(event) => event.stopPropagation()}
    >
      {said}
    </div>,
    // All of a page is in a landmark.
    document.querySelector("main") ?? document.body,
  );
}
