/** The Earth below what flies: sidereal time, place below a position, and the Sun. */

export type Vector = readonly [x: number, y: number, z: number];

/** Equatorial radius of WGS 84, in km. */
export const EARTH_RADIUS_KM = 6378.137;
const FLATTENING = 1 / 298.257223563;
const ECCENTRICITY2 = FLATTENING * (2 - FLATTENING);
/** 2000-01-01T12:00:00Z, in ms since 1970. */
const J2000_MS = 946_728_000_000;
const DAY_MS = 86_400_000;
const TURN = 2 * Math.PI;

export function degrees(radians: number): number {
  return (radians * 180) / Math.PI;
}

export function radians(inDegrees: number): number {
  return (inDegrees * Math.PI) / 180;
}

/**
 * Greenwich mean sidereal time (1982), in rad: the angle from the x axis of TEME to the meridian of Greenwich.
 * UTC stands for UT1, which it is within 0.9 s of: 0.004 degrees. Source: Vallado, AIAA 2006-6753, appendix C.
 */
export function siderealTime(ms: number): number {
  const centuries = (ms - J2000_MS) / DAY_MS / 36_525;
  const seconds =
    67_310.54841 + (876_600 * 3_600 + 8_640_184.812866) * centuries + 0.093104 * centuries ** 2 - 6.2e-6 * centuries ** 3;
  const angle = ((seconds / 240) * (Math.PI / 180)) % TURN;
  return angle < 0 ? angle + TURN : angle;
}

/** A vector of TEME in axes that turn with the Earth; polar motion is left out (15 m). */
export function earthFixed([x, y, z]: Vector, sidereal: number): Vector {
  const cosine = Math.cos(sidereal);
  const sine = Math.sin(sidereal);
  return [cosine * x + sine * y, cosine * y - sine * x, z];
}

export interface Place {
  latitude_deg: number;
  longitude_deg: number;
  /** Above the ellipsoid of WGS 84. */
  altitude_km: number;
}

/** Geodetic place of an Earth-fixed position in km, by iteration of the latitude. */
export function placeOf([x, y, z]: Vector): Place {
  const across = Math.hypot(x, y);
  let latitude = Math.atan2(z, across * (1 - ECCENTRICITY2));
  let normal = EARTH_RADIUS_KM;
  for (let round = 0; round < 6; round += 1) {
    const sine = Math.sin(latitude);
    normal = EARTH_RADIUS_KM / Math.sqrt(1 - ECCENTRICITY2 * sine * sine);
    latitude = Math.atan2(z + ECCENTRICITY2 * normal * sine, across);
  }
  const sine = Math.sin(latitude);
  const cosine = Math.cos(latitude);
  // At the poles the one form fails, at the equator the other.
  const altitude = Math.abs(cosine) > 0.1 ? across / cosine - normal : z / sine - normal * (1 - ECCENTRICITY2);
  return { latitude_deg: degrees(latitude), longitude_deg: degrees(Math.atan2(y, x)), altitude_km: altitude };
}

/**
 * Direction to the Sun in TEME (mean equinox of date), as a unit vector; good to 0.01 degrees.
 * Source: The Astronomical Almanac, "Low precision formulas for the Sun's coordinates".
 */
export function sunDirection(ms: number): Vector {
  const days = (ms - J2000_MS) / DAY_MS;
  const mean = radians(280.46 + 0.9856474 * days);
  const anomaly = radians(357.528 + 0.9856003 * days);
  const longitude = mean + radians(1.915 * Math.sin(anomaly) + 0.02 * Math.sin(2 * anomaly));
  const obliquity = radians(23.439 - 4e-7 * days);
  return [Math.cos(longitude), Math.cos(obliquity) * Math.sin(longitude), Math.sin(obliquity) * Math.sin(longitude)];
}

/** A latitude and a longitude in words: `12.3° N, 45.6° W`. */
export function placeInWords({ latitude_deg, longitude_deg }: Pick<Place, "latitude_deg" | "longitude_deg">): string {
  const part = (value: number, positive: string, negative: string) => `${Math.abs(value).toFixed(1)}° ${value < 0 ? negative : positive}`;
  return `${part(latitude_deg, "N", "S")}, ${part(longitude_deg, "E", "W")}`;
}
