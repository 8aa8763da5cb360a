"use client";

/** Light, dark, or as the system is. The script in the head of each page sets it before anything is drawn. */
import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from "react";

export type Theme = "system" | "light" | "dark";

const KEPT = "astroshield.theme";

/** Runs before the page is drawn, so that it never flashes; its hash stands in the page's Content-Security-Policy. */
export const THEME_SCRIPT = `(()=>{let t=null;try{t=localStorage.getItem("${KEPT}")}catch{}const d=t==="dark"||(t!=="light"&&matchMedia("(prefers-color-scheme: dark)").matches);document.documentElement.dataset.theme=d?"dark":"light"})()`;

interface Themed {
  theme: Theme;
  /** What is seen. */
  shown: "light" | "dark";
  setTheme: (theme: Theme) => void;
}

const Context = createContext<Themed>({ theme: "system", shown: "light", setTheme: () => undefined });

export function useTheme(): Themed {
  return useContext(Context);
}

function seen(theme: Theme): "light" | "dark" {
  if (theme !== "system") return theme;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

export function ThemeProvider({ children }: { children: ReactNode }) {
  const [theme, choose] = useState<Theme>("system");
  const [shown, show] = useState<"light" | "dark">("light");

  useEffect(() => {
    const kept = localStorage.getItem(KEPT);
    if (kept === "light" || kept === "dark") choose(kept);
  }, []);
  useEffect(() => {
    const apply = () => {
      const now = seen(theme);
      document.documentElement.dataset["theme"] = now;
      show(now);
    };
    apply();
    const system = matchMedia("(prefers-color-scheme: dark)");
    system.addEventListener("change", apply);
    return () => system.removeEventListener("change", apply);
  }, [theme]);

  const setTheme = useCallback((chosen: Theme) => {
    localStorage.setItem(KEPT, chosen);
    choose(chosen);
  }, []);
  const value = useMemo(() => ({ theme, shown, setTheme }), [theme, shown, setTheme]);
  return <Context value={value}>{children}</Context>;
}
