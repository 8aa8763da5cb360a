"use client";

/** The name of an object of which only the catalog number is known. */
import { api, statusOf } from "@/api/client";
import { nameOf } from "@/units/words";

const HOUR_MS = 3_600_000;

export function ObjectName({ number, known }: { number: number; known?: string | undefined }) {
  const object = api.useQuery(
    "get",
    "/api/v1/objects/{number}",
    { params: { path: { number } } },
    { enabled: known === undefined, staleTime: HOUR_MS },
  );
  if (known !== undefined) return known;
  if (statusOf(object.error) === 404) return <span className="text-elevated">Object {number}: not in the catalog</span>;
  return nameOf({ name: object.data?.name ?? null, catalog_number: number });
}
