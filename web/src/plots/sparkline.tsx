import { Tip } from "@/ui/tip";

/** A line as small as a word. Without axes: it tells the trend; the number beside it tells the value. */
export function Sparkline({ values, label, width = 64, height = 16 }: { values: number[]; label: string; width?: number; height?: number }) {
  if (values.length < 2) return <Tip className="text-quiet" says="one solution so far">–</Tip>;
  const least = Math.min(...values);
  const range = Math.max(...values) - least || 1;
  const points = values.map((value, place) => {
    const x = 2 + (place / (values.length - 1)) * (width - 4);
    const y = height - 2 - ((value - least) / range) * (height - 4);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  const end = points.at(-1)?.split(",") ?? [];
  return (
    <svg role="img" aria-label={label} width={width} height={height} className="inline-block align-middle text-accent">
      <polyline points={points.join(" ")} fill="none" stroke="currentColor" strokeWidth="1.25" />
      <circle cx={end[0]} cy={end[1]} r="1.75" fill="currentColor" />
    </svg>
  );
}
