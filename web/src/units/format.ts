/** Quantities in words, each with its unit. */

const EXPONENTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

function superscript(exponent: number): string {
  const digits = [...String(Math.abs(exponent))].map((digit) => EXPONENTS[Number(digit)]).join("");
  return (exponent < 0 ? "⁻" : "") + digits;
}

/** A probability: `1.2 × 10⁻⁵`; 0 and what is above 0.1 as it is. */
export function probability(value: number): string {
  if (value === 0) return "0";
  if (value >= 0.1) return value.toFixed(2);
  const [mantissa, exponent] = value.toExponential(1).split("e");
  return `${mantissa} × 10${superscript(Number(exponent))}`;
}

/** A distance in km: in m below 1 km, as `143 m`, `12.4 km`, `35,786 km`. */
export function distance(km: number): string {
  const size = Math.abs(km);
  const sign = km < 0 ? "−" : "";
  if (size < 1) return `${sign}${Math.round(size * 1_000)} m`;
  if (size < 100) return `${sign}${size.toFixed(size < 10 ? 2 : 1)} km`;
  return `${sign}${Math.round(size).toLocaleString("en-US")} km`;
}

/** A number with its sign, for components: `+0.143`. */
export function signed(value: number, digits = 3): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(digits)}`;
}

/** A speed in km/s: `14.21 km/s`. */
export function speed(kmS: number): string {
  return kmS < 0.1 ? `${(kmS * 1_000).toFixed(1)} m/s` : `${kmS.toFixed(2)} km/s`;
}

/** A count: `249,447`. */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** A size in bytes: `1.4 MB`. */
export function bytes(value: number): string {
  if (value < 1_000) return `${value} B`;
  if (value < 1e6) return `${(value / 1e3).toFixed(1)} kB`;
  return value < 1e9 ? `${(value / 1e6).toFixed(1)} MB` : `${(value / 1e9).toFixed(1)} GB`;
}
