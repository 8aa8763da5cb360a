/** What a change makes old is read anew. */
import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useCallback } from "react";

/** Reads anew all that is shown of paths with these beginnings. */
export function readAnew(client: QueryClient, beginnings: Iterable<string>): Promise<void> {
  const all = [...beginnings];
  return client.invalidateQueries({
    predicate: ({ queryKey }) => queryKey.some((part) => typeof part === "string" && all.some((beginning) => part.startsWith(beginning))),
  });
}

/** For what the stream does not tell of: `changed("/api/v1/rules")` after a rule was stored. */
export function useChanged(): (...beginnings: string[]) => Promise<void> {
  const client = useQueryClient();
  return useCallback((...beginnings: string[]) => readAnew(client, beginnings), [client]);
}
