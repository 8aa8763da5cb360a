/** Feeds in words, and in the order in which they ask for somebody. */
import type { Schemas } from "@/api/client";

export type Feed = Schemas["FeedRow"];

/** The stream tells of feeds that are asked; that one has fallen silent is found when they are read. */
export const READ_EVERY_MS = 60_000;

export type FeedState = "stopped" | "stale" | "failing" | "unasked" | "good" | "gone";

const STATES: Record<FeedState, { rank: number; word: string; means: string }> = {
  stopped: { rank: 0, word: "stopped", means: "The sign-in was refused. It is not asked again until its settings change." },
  stale: { rank: 1, word: "stale", means: "Nothing new for too long. What it sent last stays in use." },
  failing: { rank: 2, word: "failing", means: "The last attempts failed. What it sent last stays in use, and it is asked again." },
  unasked: { rank: 3, word: "not asked yet", means: "It was not asked so far." },
  good: { rank: 4, word: "good", means: "It answered well when it was last asked." },
  gone: { rank: 5, word: "not asked any more", means: "It was asked once, and is not in the settings any more." },
};

const KINDS: Record<string, string> = {
  element_sets: "element sets",
  satcat: "SATCAT",
  cdms: "conjunction data messages",
  space_weather: "space weather",
  earth_orientation: "Earth orientation",
};

export function stateOf(feed: Feed): FeedState {
  if (feed.kind == null) return "gone";
  if (feed.stopped) return "stopped";
  if (feed.stale) return "stale";
  if (feed.failures > 0) return "failing";
  return feed.asked == null ? "unasked" : "good";
}

export function inWords(state: FeedState): { word: string; means: string } {
  return STATES[state];
}

export function kindOf(feed: Feed): string {
  return feed.kind == null ? "–" : (KINDS[feed.kind] ?? feed.kind);
}

/** Those that somebody should look at first; else by name. */
export function inOrder(feeds: readonly Feed[]): Feed[] {
  const rank = (feed: Feed) => STATES[stateOf(feed)].rank;
  return [...feeds].sort((one, other) => rank(one) - rank(other) || one.name.localeCompare(other.name));
}
