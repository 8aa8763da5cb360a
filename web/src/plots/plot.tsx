"use client";

/** A plot of series over an axis (uPlot), in the colors of the theme. */
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

import { useTheme } from "@/shell/theme";
import { useZone } from "@/time/clock";

export interface Series {
  /** With its unit: "Miss distance (km)". */
  label: string;
  values: (number | null)[];
  /** Which of the four colors of series; without it, its place. */
  color?: 1 | 2 | 3 | 4;
  /** Points alone, without a line. */
  points?: boolean;
  dashed?: boolean;
  /** A second axis, at the right. */
  right?: boolean;
}

interface PlotProps {
  /** What is seen, in words, for those who do not see it. */
  label: string;
  /** Seconds since 1970 where `time`, else any number. */
  x: number[];
  series: Series[];
  time?: boolean;
  xLabel?: string;
  yLabel?: string;
  rightLabel?: string;
  /** Of both axes. */
  logarithmic?: boolean;
  height?: number;
  /** How values of the axis at the left are written. */
  format?: (value: number) => string;
}

function color(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export function Plot(props: PlotProps) {
  const { label, x, series, time = false, xLabel, yLabel, rightLabel, logarithmic = false, height = 220, format } = props;
  const place = useRef<HTMLDivElement>(null);
  const { shown } = useTheme();
  const { zone } = useZone();
  const ofTime = zone === "utc" ? "UTC" : "Local time";

  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const axis = (text: string | undefined): uPlot.Axis => ({
      stroke: color("--ink-quiet"),
      grid: { stroke: color("--line"), width: 1 },
      ticks: { stroke: color("--line"), width: 1 },
      font: "12px system-ui",
      labelFont: "12px system-ui",
      ...(text === undefined ? {} : { label: text }),
    });
    const right = series.some((one) => one.right === true);
    const values = format === undefined ? {} : { values: (_: uPlot, ticks: (number | null)[]) => ticks.map((tick) => (tick === null ? "" : format(tick))) };
    const plot = new uPlot(
      {
        width: element.clientWidth,
        height,
        tzDate: (seconds) => (zone === "utc" ? uPlot.tzDate(new Date(seconds * 1_000), "Etc/UTC") : new Date(seconds * 1_000)),
        scales: { x: { time }, y: logarithmic ? { distr: 3 } : {}, ...(right && logarithmic ? { right: { distr: 3 } } : {}) },
        axes: [
          axis(xLabel ?? (time ? ofTime : undefined)),
          { ...axis(yLabel), size: 72, ...values },
          ...(right ? [{ ...axis(rightLabel), side: 1 as const, scale: "right", grid: { show: false } }] : []),
        ],
        series: [
          { label: time ? ofTime : (xLabel ?? "x") },
          ...series.map((one, place): uPlot.Series => {
            const stroke = color(`--series-${one.color ?? (place % 4) + 1}`);
            return {
              label: one.label,
              stroke,
              width: 1.5,
              scale: one.right === true ? "right" : "y",
              points: { show: one.points === true || one.values.length < 60, size: 5, fill: stroke },
              ...(one.points === true ? { paths: () => null } : {}),
              ...(one.dashed === true ? { dash: [6, 4] } : {}),
            };
          }),
        ],
      },
      [x, ...series.map(({ values }) => values)],
      element,
    );
    const resized = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }));
    resized.observe(element);
    return () => {
      resized.disconnect();
      plot.destroy();
    };
  }, [x, series, time, xLabel, yLabel, rightLabel, logarithmic, height, format, shown, zone, ofTime]);

  return <div ref={place} role="img" aria-label={label} className="w-full min-w-0 [&_.u-legend]:text-left [&_.u-legend]:text-xs" />;
}
