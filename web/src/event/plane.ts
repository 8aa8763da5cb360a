/**
 * The encounter plane as it is drawn. x lies along the miss vector, from the first object to the second; z along the
 * velocity of the second object against the first; y = z × x. With x to the right and y up, z points out of the picture,
 * toward whoever looks: the second object comes toward them.
 */
import type { Schemas } from "@/api/client";
import { dot } from "./vector";

/** An encounter that can be drawn: that of our solution, or that of a message. */
export type Encounter = Pick<
  Schemas["GeometryRow"],
  "encounter_plane" | "combined_hard_body_radius_m" | "radial_axis" | "in_track_axis" | "cross_track_axis"
>;

/** How many standard deviations the ellipses are drawn at. */
export const SIGMAS = [1, 2, 3] as const;

export interface Direction {
  name: "R" | "I" | "C";
  means: string;
  /** Components of the unit vector along x and y. */
  x: number;
  y: number;
  /** Along z: above 0 toward whoever looks. */
  toward: number;
}

export interface Ellipse {
  majorKm: number;
  minorKm: number;
  /** From x toward y. */
  angleRad: number;
  /** Half the width and the height of what it covers: the standard deviations along x and y. */
  sigmaXKm: number;
  sigmaYKm: number;
}

export interface PlaneView {
  /** The second object, from the first. */
  missXKm: number;
  missYKm: number;
  /** Combined hard-body radius. */
  radiusKm: number;
  /** One standard deviation of the relative position, around the second object. */
  ellipse: Ellipse | null;
  directions: Direction[];
}

/** What is to be drawn; null where the two do not move against each other. */
export function planeOf(geometry: Encounter): PlaneView | null {
  const plane = geometry.encounter_plane;
  if (plane == null) return null;
  const direction = (name: Direction["name"], means: string, axis: readonly number[]): Direction => ({
    name,
    means,
    x: dot(axis, plane.x_axis),
    y: dot(axis, plane.y_axis),
    toward: dot(axis, plane.z_axis),
  });
  const covariance = plane.covariance ?? null;
  return {
    missXKm: plane.miss_x_km,
    missYKm: plane.miss_y_km,
    radiusKm: geometry.combined_hard_body_radius_m / 1_000,
    ellipse: covariance && {
      majorKm: covariance.sigma_major_km,
      minorKm: covariance.sigma_minor_km,
      angleRad: (covariance.major_axis_angle_deg * Math.PI) / 180,
      sigmaXKm: Math.sqrt(covariance.variance_x_km2),
      sigmaYKm: Math.sqrt(covariance.variance_y_km2),
    },
    directions: [
      direction("R", "radial", geometry.radial_axis),
      direction("I", "in-track", geometry.in_track_axis),
      direction("C", "cross-track", geometry.cross_track_axis),
    ],
  };
}

/** A point of the ellipse of so many standard deviations, in km: `angle` goes round from its major axis. */
export function pointOf(view: PlaneView, ellipse: Ellipse, sigmas: number, angle: number): [number, number] {
  const [along, across] = [sigmas * ellipse.majorKm * Math.cos(angle), sigmas * ellipse.minorKm * Math.sin(angle)];
  const [cosine, sine] = [Math.cos(ellipse.angleRad), Math.sin(ellipse.angleRad)];
  return [view.missXKm + along * cosine - across * sine, view.missYKm + along * sine + across * cosine];
}

export interface Frame {
  width: number;
  height: number;
  /** Where x = 0 and y = 0 are in the picture, and how large a km is there. */
  zeroX: number;
  zeroY: number;
  perKm: number;
  /** Of both axes, in km. */
  ticksX: number[];
  ticksY: number[];
  digits: number;
}

interface Margins {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** A step of 1, 2 or 5 times a power of ten that divides a range into about so many parts. */
export function niceStep(range: number, parts: number): number {
  const raw = range / parts;
  const power = 10 ** Math.floor(Math.log10(raw));
  return ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10) * power;
}

function ticks(fromKm: number, toKm: number, step: number): number[] {
  const first = Math.ceil(fromKm / step);
  const last = Math.floor(toKm / step);
  // As multiples of whole numbers: sums of steps would drift. There is no −0.
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, place) => (first + place) * step + 0);
}

/** Lays the picture out: everything in it, and a kilometer as long in x as in y. */
export function frameOf(view: PlaneView, width: number, height: number, margins: Margins): Frame {
  const { missXKm, missYKm, radiusKm, ellipse } = view;
  const most = SIGMAS[SIGMAS.length - 1] ?? 3;
  const [halfX, halfY] = ellipse === null ? [0, 0] : [most * ellipse.sigmaXKm, most * ellipse.sigmaYKm];
  const left = Math.min(-radiusKm, missXKm - halfX);
  const right = Math.max(radiusKm, missXKm + halfX);
  const low = Math.min(-radiusKm, missYKm - halfY);
  const high = Math.max(radiusKm, missYKm + halfY);
  const [innerX, innerY] = [width - margins.left - margins.right, height - margins.top - margins.bottom];
  const air = 1.12;
  const perKm = Math.min(innerX / ((right - left) * air), innerY / ((high - low) * air));
  const zeroX = margins.left + innerX / 2 - ((left + right) / 2) * perKm;
  const zeroY = margins.top + innerY / 2 + ((low + high) / 2) * perKm;
  const step = niceStep(innerX / perKm, 5);
  return {
    width,
    height,
    zeroX,
    zeroY,
    perKm,
    ticksX: ticks((margins.left - zeroX) / perKm, (width - margins.right - zeroX) / perKm, step),
    ticksY: ticks((zeroY - (height - margins.bottom)) / perKm, (zeroY - margins.top) / perKm, step),
    digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)),
  };
}
