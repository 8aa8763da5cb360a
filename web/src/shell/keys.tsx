"use client";

/** Keys: `g` and a letter for a page, `/` for the search, `?` for this help, and those that the page offers. */
import { useRouter } from "next/navigation";
import { useEffect, useRef, useState } from "react";

import { Dialog } from "@/ui/dialog";
import { usePageActions } from "./page-actions";
import { PAGES, WELCOME } from "./pages";
import { useSingleKeys } from "./single-keys";

/** The second key of two comes within this time. */
const PAIR_MS = 1_200;

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.closest("input, textarea, select, [role=dialog], [role=menu]") !== null);
}

export function Keys({ openPalette }: { openPalette: () => void }) {
  const router = useRouter();
  const [help, setHelp] = useState(false);
  const led = useRef(0);
  const actions = usePageActions();
  const { areOn } = useSingleKeys();

  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        openPalette();
        return;
      }
      if (!areOn || isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
      const paired = Date.now() - led.current < PAIR_MS;
      led.current = 0;
      const action = paired ? undefined : actions.find(({ key }) => key === event.key);
      const page = paired ? [...PAGES, WELCOME].find(({ key }) => key === event.key) : undefined;
      if (page !== undefined) {
        event.preventDefault();
        router.push(page.path);
      } else if (action !== undefined) {
        // A field that takes the focus is not to take the letter, too.
        event.preventDefault();
        if (!event.repeat) action.run();
      } else if (event.key === "g") {
        led.current = Date.now();
      } else if (event.key === "/") {
        event.preventDefault();
        openPalette();
      } else if (event.key === "?") {
        setHelp(true);
      }
    };
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, [router, openPalette, actions, areOn]);

  return (
    <Dialog open={help} onOpenChange={setHelp} title="Keys">
      <table className="w-full">
        <tbody>
          {[
            ["Ctrl K or /", "Search objects and pages"],
            ["↑ ↓ or k j, Enter", "Move in a table, open a row"],
            ["← →", "In a table: what a value, or above the first row a heading, means"],
            ...actions.map(({ key, name }) => [key, `This page: ${name}`]),
            ...PAGES.map(({ key, name }) => [`g ${key}`, name]),
            [`g ${WELCOME.key}`, WELCOME.name],
            ["← → ↑ ↓, + −, Space", "On the globe: turn it, zoom, stop and start the time"],
          ].map(([keys, does]) => (
            <tr key={keys}>
              <th scope="row" className="py-0.5 pr-6 text-left font-normal">
                <Kbd>{keys}</Kbd>
              </th>
              <td>{does}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Dialog>
  );
}

export function Kbd({ children }: { children: React.ReactNode }) {
  return <kbd className="rounded border border-line bg-raised px-1.5 py-0.5 font-mono text-xs text-quiet">{children}</kbd>;
}
