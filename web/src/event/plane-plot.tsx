"use client";

/** The encounter plane: where the second object passes the first, and how sure that is. */
import { useId, type ReactNode } from "react";

import { sigma } from "@/conjunctions/words";
import { distance } from "@/units/format";
import { frameOf, pointOf, SIGMAS, type Direction, type Frame, type PlaneView } from "./plane";

const WIDTH = 380;
const HEIGHT = 300;
const MARGINS = { left: 46, right: 8, top: 8, bottom: 34 };
/** A circle of a smaller radius, in pixels, is not seen: there is a magnifier then. */
const LEAST_SEEN_PX = 4;

/** What the picture shows, in words. */
export function planeInWords(view: PlaneView, secondary: string): string {
  const directions = view.directions.map(({ means, x, y }) => `${means} ${angle(x, y)}`).join(", ");
  const spread =
    view.ellipse === null
      ? "No ellipse."
      : `The ellipse of one sigma has semi-axes of ${sigma(view.ellipse.majorKm)} and ${sigma(view.ellipse.minorKm)}, its major axis ${degrees(view.ellipse.angleRad)} from the miss vector.`;
  return `Encounter plane. ${secondary} passes ${distance(view.missXKm)} from the primary. Combined hard-body radius ${distance(view.radiusKm)}. ${spread} Directions from the miss vector: ${directions}.`;
}

function degrees(radians: number): string {
  return `${Math.round((radians * 180) / Math.PI)}°`;
}

function angle(x: number, y: number): string {
  return Math.hypot(x, y) < 0.05 ? "out of the plane" : degrees(Math.atan2(y, x));
}

/** Where a point of the plane is in the picture. */
function place(frame: Frame, xKm: number, yKm: number): [number, number] {
  return [frame.zeroX + xKm * frame.perKm, frame.zeroY - yKm * frame.perKm];
}

export function PlanePlot({ view, secondary }: { view: PlaneView; secondary: string }) {
  const frame = frameOf(view, WIDTH, HEIGHT, MARGINS);
  const id = useId();
  const [x, y] = place(frame, view.missXKm, view.missYKm);
  const radius = view.radiusKm * frame.perKm;
  return (
    <svg role="img" aria-label={planeInWords(view, secondary)} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} className="w-full text-[10px]">
      <clipPath id={id}>
        <rect x={MARGINS.left} y={MARGINS.top} width={WIDTH - MARGINS.left - MARGINS.right} height={HEIGHT - MARGINS.top - MARGINS.bottom} />
      </clipPath>
      <Axes frame={frame} />
      <g clipPath={`url(#${id})`}>
        <Ellipses view={view} frame={frame} />
        <circle cx={frame.zeroX} cy={frame.zeroY} r={radius} className="fill-(--series-2) stroke-(--series-2)" fillOpacity={0.35} />
        <line x1={frame.zeroX} y1={frame.zeroY} x2={x} y2={y} className="stroke-(--ink)" strokeWidth={1.5} />
        <circle cx={frame.zeroX} cy={frame.zeroY} r={2.5} className="fill-(--series-2)" />
        <rect x={x - 3} y={y - 3} width={6} height={6} className="fill-(--series-1)" />
      </g>
      <Label x={frame.zeroX} y={frame.zeroY + Math.max(radius, 4) + 11}>
        primary
      </Label>
      <Label x={x} y={y - 7}>
        secondary
      </Label>
      <Compass directions={view.directions} />
      {radius < LEAST_SEEN_PX && <Magnifier view={view} perKm={frame.perKm} />}
    </svg>
  );
}

/** Text that stays readable over lines. */
function Label({ x, y, anchor = "middle", children }: { x: number; y: number; anchor?: "start" | "middle" | "end"; children: ReactNode }) {
  return (
    <text x={x} y={y} textAnchor={anchor} paintOrder="stroke" className="fill-(--ink) stroke-(--panel)" strokeWidth={3} strokeLinejoin="round">
      {children}
    </text>
  );
}

function Axes({ frame }: { frame: Frame }) {
  const { zeroX, zeroY, perKm, ticksX, ticksY, digits } = frame;
  const [bottom, right] = [HEIGHT - MARGINS.bottom, WIDTH - MARGINS.right];
  const grid = (km: number) => (km === 0 ? "stroke-(--line-strong)" : "stroke-(--line)");
  return (
    <g className="fill-(--ink-quiet)" strokeWidth={1}>
      {ticksX.map((km) => (
        <g key={km}>
          <line x1={zeroX + km * perKm} x2={zeroX + km * perKm} y1={MARGINS.top} y2={bottom} className={grid(km)} />
          <text x={zeroX + km * perKm} y={bottom + 12} textAnchor="middle">
            {km.toFixed(digits)}
          </text>
        </g>
      ))}
      {ticksY.map((km) => (
        <g key={km}>
          <line x1={MARGINS.left} x2={right} y1={zeroY - km * perKm} y2={zeroY - km * perKm} className={grid(km)} />
          <text x={MARGINS.left - 4} y={zeroY - km * perKm + 3} textAnchor="end">
            {km.toFixed(digits)}
          </text>
        </g>
      ))}
      <text x={(MARGINS.left + right) / 2} y={HEIGHT - 6} textAnchor="middle">
        x, along the miss vector (km)
      </text>
      <text transform={`translate(10 ${(MARGINS.top + bottom) / 2}) rotate(-90)`} textAnchor="middle">
        y (km)
      </text>
    </g>
  );
}

const DASHES = ["", "5 3", "2 3"];

function Ellipses({ view, frame }: { view: PlaneView; frame: Frame }) {
  const { ellipse } = view;
  if (ellipse === null) return null;
  const [x, y] = place(frame, view.missXKm, view.missYKm);
  // Where an ellipse is highest stands its label: the circle of the primary is seldom there.
  const highest = Math.atan2(ellipse.minorKm * Math.cos(ellipse.angleRad), ellipse.majorKm * Math.sin(ellipse.angleRad));
  return (
    <g className="fill-(--series-1) stroke-(--series-1)">
      {SIGMAS.map((sigmas, order) => {
        const [labelX, labelY] = place(frame, ...pointOf(view, ellipse, sigmas, highest));
        return (
          <g key={sigmas}>
            <ellipse
              cx={x}
              cy={y}
              rx={sigmas * ellipse.majorKm * frame.perKm}
              ry={sigmas * ellipse.minorKm * frame.perKm}
              // y goes down in the picture.
              transform={`rotate(${(-ellipse.angleRad * 180) / Math.PI} ${x} ${y})`}
              fillOpacity={0.07}
              strokeWidth={1.25}
              strokeDasharray={DASHES[order]}
            />
            <text x={labelX} y={labelY + 10} textAnchor="middle" stroke="none">
              {sigmas}σ
            </text>
          </g>
        );
      })}
    </g>
  );
}

const COMPASS = { x: 84, y: 44, length: 24 };

/** Letters nearer than this, in pixels, would cover each other. */
const LETTER_PX = 10;

/** Where the letters of the directions stand: beyond their arrows, and off each other. */
export function lettersOf(directions: readonly Direction[], length: number): { x: number; y: number }[] {
  const letters: { x: number; y: number }[] = [];
  for (const { x, y } of directions) {
    const size = Math.hypot(x, y);
    const [unitX, unitY] = size === 0 ? [1, 0] : [x / size, y / size];
    const at = (away: number) => ({ x: unitX * away, y: unitY * away });
    let away = size * length + 8;
    const isCovered = () => letters.some((other) => Math.hypot(other.x - unitX * away, other.y - unitY * away) < LETTER_PX);
    while (isCovered()) away += 3;
    letters.push(at(away));
  }
  return letters;
}

/** The directions of the primary's orbit, as long as they lie in the plane. */
function Compass({ directions }: { directions: readonly Direction[] }) {
  const { x, y, length } = COMPASS;
  const letters = lettersOf(directions, length);
  return (
    <g className="fill-(--ink) stroke-(--ink)" strokeWidth={1.25}>
      <circle cx={x} cy={y} r={length + 12} className="fill-(--panel)" fillOpacity={0.8} stroke="none" />
      {directions.map((direction, order) => {
        const [toX, toY] = [x + direction.x * length, y - direction.y * length];
        return (
          <g key={direction.name}>
            <title>{direction.means}</title>
            <line x1={x} y1={y} x2={toX} y2={toY} />
            <circle cx={toX} cy={toY} r={1.75} stroke="none" />
            <text x={x + (letters[order]?.x ?? 0)} y={y - (letters[order]?.y ?? 0) + 3.5} textAnchor="middle" stroke="none">
              {direction.name}
            </text>
          </g>
        );
      })}
    </g>
  );
}

const LENS = { x: WIDTH - 46, y: 46, radius: 34, circle: 14 };

/** The hard-body circle, large enough to be seen, and how much larger that is. */
function Magnifier({ view, perKm }: { view: PlaneView; perKm: number }) {
  const { x, y, radius, circle } = LENS;
  const times = circle / (view.radiusKm * perKm);
  const toX = Math.min(radius, (view.missXKm / view.radiusKm) * circle);
  return (
    <g>
      <circle cx={x} cy={y} r={radius} className="fill-(--panel) stroke-(--line-strong)" />
      <circle cx={x} cy={y} r={circle} className="fill-(--series-2) stroke-(--series-2)" fillOpacity={0.35} />
      <line x1={x} y1={y} x2={x + toX} y2={y} className="stroke-(--ink)" strokeWidth={1.5} />
      <circle cx={x} cy={y} r={2.5} className="fill-(--series-2)" />
      <text x={x} y={y + radius + 10} textAnchor="middle" className="fill-(--ink-quiet)">
        × {times < 10 ? times.toFixed(1) : Math.round(times)}
      </text>
    </g>
  );
}
