import { ArrowUp, Circle, Minus, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";

import { probability as inWords } from "@/units/format";
import { NOT_FROM_COVARIANCES, riskOf, type Risk } from "@/units/words";
import { cn } from "./cn";
import { useTip } from "./tip";

export type Tone = "quiet" | "good" | "low" | "elevated" | "high";

const TONES: Record<Tone, string> = {
  quiet: "bg-raised text-quiet",
  good: "bg-good-soft text-good",
  low: "bg-low-soft text-low",
  elevated: "bg-elevated-soft text-elevated",
  high: "bg-high-soft text-high",
};

/** `tip`: what it means. */
export function Badge({ tone = "quiet", tip, children }: { tone?: Tone; tip?: string | undefined; children: ReactNode }) {
  const tipped = useTip(tip);
  return (
    <span
      {...tipped}
      className={cn("relative inline-flex items-center gap-1 rounded px-1.5 py-0.5 text-xs font-medium whitespace-nowrap [&_svg]:size-3", TONES[tone])}
    >
      {children}
    </span>
  );
}

const RISKS: Record<Risk, { icon: ReactNode; means: string }> = {
  high: { icon: <TriangleAlert aria-hidden />, means: "high risk, at least 1e-4" },
  elevated: { icon: <ArrowUp aria-hidden />, means: "elevated risk, 1e-7 to 1e-4" },
  low: { icon: <Minus aria-hidden />, means: "low risk, below 1e-7" },
};

/** A probability of collision with its band of risk, told by color, by shape and, for who hears it, by a word. */
export function RiskBadge({ value, maximum = false }: { value: number; maximum?: boolean }) {
  const risk = riskOf(value);
  const { icon, means } = RISKS[risk];
  return (
    <Badge tone={risk} tip={maximum ? `${means}. ${NOT_FROM_COVARIANCES}: the largest that errors of the assumed shape (1:3:1) could give` : means}>
      {icon}
      <span className="sr-only">{risk} risk, </span>
      <span className="tabular-nums">
        {maximum ? "≤ " : ""}
        {inWords(value)}
      </span>
    </Badge>
  );
}

const SEVERITIES = { info: "low", warning: "elevated", critical: "high" } as const;

/** A severity of alerts. */
export function SeverityBadge({ severity }: { severity: keyof typeof SEVERITIES }) {
  const icons = { info: <Circle aria-hidden />, warning: <ArrowUp aria-hidden />, critical: <TriangleAlert aria-hidden /> };
  return (
    <Badge tone={SEVERITIES[severity]}>
      {icons[severity]}
      {severity}
    </Badge>
  );
}
