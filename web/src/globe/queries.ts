/** What the globe reads from the service. */
import { useQuery } from "@tanstack/react-query";

import { api, http, type Schemas } from "@/api/client";

type ObjectRow = Schemas["ObjectRow"];

/** The current element set of every object, in CSV: a third of the size of the JSON. The stream says when it is another one. */
export function useElementSets() {
  return api.useQuery(
    "get",
    "/api/v1/element-sets",
    { params: { query: { format: "omm_csv" } }, parseAs: "text" },
    { staleTime: Number.POSITIVE_INFINITY, refetchOnWindowFocus: false },
  );
}

/** Kind and owner of an object. */
export type Identity = Pick<ObjectRow, "kind" | "owner">;

const HOUR_MS = 3_600_000;
const ROWS = 1_000;

async function readIdentities(signal: AbortSignal): Promise<Map<number, Identity>> {
  const all = new Map<number, Identity>();
  let cursor: string | undefined;
  do {
    const query = cursor === undefined ? { limit: ROWS } : { limit: ROWS, cursor };
    const { data, error } = await http.GET("/api/v1/objects", { params: { query }, signal });
    if (data === undefined) throw error;
    for (const { catalog_number: number, kind, owner } of data.items) all.set(number, { kind, owner: owner ?? null });
    cursor = data.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return all;
}

/** Kind and owner of every object, which element sets do not tell: read page by page, once the globe is there. */
export function useIdentities(enabled: boolean) {
  return useQuery({
    queryKey: ["identities of all objects"],
    queryFn: ({ signal }) => readIdentities(signal),
    staleTime: HOUR_MS,
    refetchOnWindowFocus: false,
    enabled,
  });
}
