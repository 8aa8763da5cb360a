"use client";

/** Light, dark, or as the system is. The script in the head of each page sets it before anything is drawn. */
import { useEffect, useSyncExternalStore } from "react";

import { kept, useKept } from "@/ui/kept";

export type Theme = "system" | "light" | "dark";
export type Shown = "light" | "dark";

const KEPT = "astroshield.theme";
const DARK = "(prefers-color-scheme: dark)";

/** Runs before the page is drawn, so that it never flashes; its hash stands in the page's Content-Security-Policy. */
export const THEME_SCRIPT = `(()=>{let t=null;try{t=localStorage.getItem("${KEPT}")}catch{}const d=t==="dark"||(t!=="light"&&matchMedia("${DARK}").matches);document.documentElement.dataset.theme=d?"dark":"light"})()`;

function subscribe(listener: () => void): () => void {
  const system = matchMedia(DARK);
  system.addEventListener("change", listener);
  return () => system.removeEventListener("change", listener);
}

/** The theme that is chosen, what is seen of it, and how to choose another. */
export function useTheme(): { theme: Theme; shown: Shown; setTheme: (theme: Theme) => void } {
  const [chosen, keep] = useKept(KEPT);
  const theme: Theme = chosen === "light" || chosen === "dark" ? chosen : "system";
  const system = useSyncExternalStore<Shown>(
    subscribe,
    () => (matchMedia(DARK).matches ? "dark" : "light"),
    () => "light",
  );
  return { theme, shown: theme === "system" ? system : theme, setTheme: keep };
}

/** Sets the theme on the page whenever it changes. */
export function ThemeOnPage(): null {
  const { theme, shown } = useTheme();
  useEffect(() => {
    // As it is now: while the page hydrates, the hooks still say what the server did.
    const chosen = kept(KEPT);
    const system = matchMedia(DARK).matches ? "dark" : "light";
    document.documentElement.dataset["theme"] = chosen === "light" || chosen === "dark" ? chosen : system;
  }, [theme, shown]);
  return null;
}
