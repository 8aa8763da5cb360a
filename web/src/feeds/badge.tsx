"use client";

/** How a feed is, as a badge. */
import { CircleCheck, CircleX, Clock, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";

import { Badge, type Tone } from "@/ui/badge";
import { inWords, type FeedState } from "./order";

const LOOKS: Record<FeedState, { tone: Tone; icon: ReactNode }> = {
  stopped: { tone: "high", icon: <CircleX aria-hidden /> },
  stale: { tone: "high", icon: <TriangleAlert aria-hidden /> },
  failing: { tone: "elevated", icon: <TriangleAlert aria-hidden /> },
  unasked: { tone: "quiet", icon: <Clock aria-hidden /> },
  good: { tone: "good", icon: <CircleCheck aria-hidden /> },
  gone: { tone: "quiet", icon: <Clock aria-hidden /> },
};

export function FeedBadge({ state }: { state: FeedState }) {
  const { word, means } = inWords(state);
  const { tone, icon } = LOOKS[state];
  return (
    <Badge tone={tone} tip={means}>
      {icon}
      {word}
    </Badge>
  );
}
