/** Colors of the theme, for what is not styled: mixed from its tokens. */
import { Color } from "three";

import type { EarthColors } from "./earth";

export interface Colors {
  ground: string;
  ink: string;
  palette: string[];
  tracks: [string, string];
  earth: EarthColors;
}

export function themeColors(theme: "light" | "dark"): Colors {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string) => style.getPropertyValue(name).trim();
  const mixed = (from: string, to: string, part: number) => `#${new Color(token(from)).lerp(new Color(token(to)), part).getHexString()}`;
  return {
    ground: token("--ground"),
    ink: token("--ink"),
    palette: [1, 2, 3, 4].map((series) => token(`--series-${series}`)),
    tracks: [token("--ink"), token("--high")],
    earth: {
      sea: mixed("--accent-soft", "--line", 0.35),
      land: mixed("--line", "--line-strong", theme === "dark" ? 0.6 : 0.35),
      coast: token("--line-strong"),
      grid: token("--line-strong"),
      night: theme === "dark" ? token("--ground") : mixed("--line-strong", "--ink", 0.3),
    },
  };
}
