/** Vectors of three components, as the interface gives them. */
export type Vector = readonly number[];

export function dot(a: Vector, b: Vector): number {
  return a.reduce((sum, component, place) => sum + component * (b[place] ?? 0), 0);
}

export function minus(a: Vector, b: Vector): number[] {
  return a.map((component, place) => component - (b[place] ?? 0));
}

export function norm(a: Vector): number {
  return Math.sqrt(dot(a, a));
}
