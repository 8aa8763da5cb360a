/** Land, from Natural Earth at 1:110 million (public domain), as rings of longitude and latitude in degrees. */
import { feature } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";

export type Ring = readonly (readonly number[])[];

/** Rings of all land, read when somebody draws it. */
export async function landRings(): Promise<Ring[]> {
  const { default: atlas } = await import("world-atlas/land-110m.json");
  const topology = atlas as unknown as Topology<{ land: GeometryCollection }>;
  const { features } = feature(topology, topology.objects.land);
  return features.flatMap(({ geometry }) => {
    if (geometry.type === "MultiPolygon") return geometry.coordinates.flat();
    return geometry.type === "Polygon" ? geometry.coordinates : [];
  });
}
