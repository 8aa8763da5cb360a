/** The pages, in the order of the day's work. */
import {
  Activity,
  Bell,
  BookOpen,
  Eye,
  Globe,
  ListFilter,
  Orbit,
  Radar,
  Rss,
  Settings,
  SlidersHorizontal,
  Sunrise,
  Upload,
  type LucideIcon,
} from "lucide-react";
import type { Route } from "next";

export interface Page {
  path: Route;
  name: string;
  /** What one finds there. */
  about: string;
  /** After `g`. */
  key: string;
  icon: LucideIcon;
}

export const PAGES: readonly Page[] = [
  { path: "/", name: "Today", about: "What changed since your last visit", key: "t", icon: Sunrise },
  { path: "/watch-lists", name: "Watch lists", about: "Your satellites", key: "w", icon: Eye },
  { path: "/conjunctions", name: "Conjunctions", about: "Close approaches of the next seven days", key: "c", icon: ListFilter },
  { path: "/globe", name: "Globe", about: "Everything in orbit, as it moves", key: "g", icon: Globe },
  { path: "/objects", name: "Objects", about: "The catalog", key: "o", icon: Orbit },
  { path: "/alerts", name: "Alerts", about: "What asks for an answer", key: "a", icon: Bell },
  { path: "/rules", name: "Alert rules", about: "When to alert, and whom", key: "r", icon: SlidersHorizontal },
  { path: "/uploads", name: "Uploads", about: "Ephemerides, element sets and messages of your own", key: "u", icon: Upload },
  { path: "/screen", name: "Screen on demand", about: "One object against the whole catalog", key: "s", icon: Radar },
  { path: "/feeds", name: "Feeds and runs", about: "Where the data comes from, and what was screened", key: "f", icon: Rss },
  { path: "/operations", name: "Operations", about: "Health, queues and timings of the service", key: "p", icon: Activity },
  { path: "/administration", name: "Administration", about: "Members, keys, webhooks, audit", key: "m", icon: Settings },
];

/** What is read once: it is found by its key and in the palette, and is not in the way every day. */
export const WELCOME: Page = {
  path: "/welcome",
  name: "Welcome",
  about: "What is seen here, and what the data can and cannot tell",
  key: "h",
  icon: BookOpen,
};
