/** Classes of objects: by regime of the orbit, and by kind. */
import type { Schemas } from "@/api/client";

export type Kind = Schemas["ObjectRow"]["kind"];

export const REGIMES = ["leo", "meo", "geo", "heo"] as const;
export type Regime = (typeof REGIMES)[number];

export const KINDS = ["payload", "rocket_body", "debris", "unknown"] as const satisfies readonly Kind[];

interface Words {
  name: string;
  means: string;
}

export const REGIME_WORDS: Record<Regime, Words> = {
  leo: { name: "LEO", means: "Low orbit: apogee below 2,000 km" },
  meo: { name: "MEO", means: "Medium orbit: all that is none of the others" },
  geo: { name: "GEO", means: "Near the geosynchronous belt: 0.9 to 1.1 revolutions a day, eccentricity below 0.25" },
  heo: { name: "HEO", means: "Highly elliptical: eccentricity of at least 0.25" },
};

export const KIND_WORDS: Record<Kind, Words> = {
  payload: { name: "Payload", means: "A satellite, in use or not" },
  rocket_body: { name: "Rocket body", means: "A stage that brought something to orbit" },
  debris: { name: "Debris", means: "A part or a fragment" },
  unknown: { name: "Unknown", means: "Nobody has told what it is" },
};

/** Gravitational parameter of WGS 72, which element sets are fitted with, in km^3/s^2; and its radius in km. */
const MU = 398_600.8;
const RADIUS_KM = 6_378.135;

/** Heights of perigee and apogee above 6,378.135 km, in km: the axis follows from the mean motion as it is, as in the service. */
export function heights(meanMotionRevDay: number, eccentricity: number): { perigee_km: number; apogee_km: number } {
  const motion = (meanMotionRevDay * 2 * Math.PI) / 86_400;
  const axis = Math.cbrt(MU / motion ** 2);
  return { perigee_km: axis * (1 - eccentricity) - RADIUS_KM, apogee_km: axis * (1 + eccentricity) - RADIUS_KM };
}

export function regimeOf(meanMotionRevDay: number, eccentricity: number): Regime {
  if (heights(meanMotionRevDay, eccentricity).apogee_km < 2_000) return "leo";
  if (eccentricity >= 0.25) return "heo";
  return meanMotionRevDay >= 0.9 && meanMotionRevDay <= 1.1 ? "geo" : "meo";
}

/**
 * What a name tells, by the custom of the satellite catalog: `DEB` for debris, `R/B` for a rocket body. It never tells that
 * something is a payload.
 */
export function kindInName(name: string): Kind {
  if (/\bDEB\b|\bCOOLANT\b/i.test(name)) return "debris";
  return /\bR\/B\b|\bAKM\b|\bPKM\b/i.test(name) ? "rocket_body" : "unknown";
}
