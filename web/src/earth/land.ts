/** Land, from Natural Earth at 1:110 million (public domain), as rings of longitude and latitude in degrees on a flat map. */
import { feature } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";

export type Ring = readonly (readonly [longitude: number, latitude: number])[];

/**
 * A ring of the sphere on a map from -180 to 180 degrees. One that crosses the edge of the map is there at both edges and sticks
 * out over them; one that goes around a pole is closed along it.
 */
export function flat(ring: readonly (readonly number[])[]): Ring[] {
  const unwrapped: [number, number][] = [];
  let turn = 0;
  let before: number | undefined;
  for (const [longitude = 0, latitude = 0] of ring) {
    if (before !== undefined && Math.abs(longitude - before) > 180) turn += longitude < before ? 360 : -360;
    before = longitude;
    unwrapped.push([longitude + turn, latitude]);
  }
  const first = unwrapped[0];
  const last = unwrapped.at(-1);
  if (first === undefined || last === undefined) return [];
  if (Math.abs(last[0] - first[0]) > 180) {
    const pole = first[1] < 0 ? -90 : 90;
    unwrapped.push([last[0], pole], [first[0], pole]);
  }
  const longitudes = unwrapped.map(([longitude]) => longitude);
  const [least, most] = [Math.min(...longitudes), Math.max(...longitudes)];
  return [-360, 0, 360]
    .filter((shift) => least + shift < 180 && most + shift > -180)
    .map((shift) => unwrapped.map(([longitude, latitude]) => [longitude + shift, latitude] as const));
}

/** Rings of all land, read when somebody draws it. */
export async function landRings(): Promise<Ring[]> {
  const { default: atlas } = await import("world-atlas/land-110m.json");
  const topology = atlas as unknown as Topology<{ land: GeometryCollection }>;
  const { features } = feature(topology, topology.objects.land);
  return features
    .flatMap(({ geometry }) => {
      if (geometry.type === "MultiPolygon") return geometry.coordinates.flat();
      return geometry.type === "Polygon" ? geometry.coordinates : [];
    })
    .flatMap(flat);
}
