/** What a change makes old is read anew. */
import { useQueryClient, type Query, type QueryClient, type QueryMeta } from "@tanstack/react-query";
import { useCallback } from "react";

/** A list with `meta` of this is not read anew by itself once more pages of it were read: that would throw up who scrolled so far. */
export interface ReadByHand extends Record<string, unknown> {
  longestReadAnew: number;
}

/** Whether so many pages of a list were read that it is marked as old, and left for a person to read anew. */
export function isReadByHand({ meta, state }: { meta: QueryMeta | undefined; state: { data: unknown } }): boolean {
  const longest = meta?.["longestReadAnew"];
  const data = state.data as { pages?: readonly unknown[] } | undefined;
  return typeof longest === "number" && (data?.pages?.length ?? 0) > longest;
}

/** Reads anew all that is shown of paths with these beginnings. */
export async function readAnew(client: QueryClient, beginnings: Iterable<string>): Promise<void> {
  const all = [...beginnings];
  const isOld = ({ queryKey }: Query) => queryKey.some((part) => typeof part === "string" && all.some((beginning) => part.startsWith(beginning)));
  await client.invalidateQueries({ predicate: isOld, refetchType: "none" });
  await client.refetchQueries({ type: "active", predicate: (query) => isOld(query) && !isReadByHand(query) });
}

/** For what the stream does not tell of: `changed("/api/v1/rules")` after a rule was stored. */
export function useChanged(): (...beginnings: string[]) => Promise<void> {
  const client = useQueryClient();
  return useCallback((...beginnings: string[]) => readAnew(client, beginnings), [client]);
}

/** Many events come at once after a run: what they make old is read once. */
const GATHERED_MS = 500;
/** What goes on becoming old is read no more often than that. */
const AGAIN_MS = 3_000;
/** A reading that takes longer keeps nothing waiting. */
const LONGEST_MS = 60_000;

/**
 * Gathers what becomes old, and has it read anew: never while the reading before is on, which a new one would cancel.
 * Under a steady stream of changes, lists that take long would else never be there. Each beginning of paths has its own turn:
 * an alert does not wait for a long list of something else.
 */
export class Gathering {
  private readonly turns = new Map<string, { timer: ReturnType<typeof setTimeout> | undefined; isOld: boolean }>();
  private isOver = false;

  constructor(private readonly read: (beginning: string) => Promise<void>) {}

  /** All that has this beginning is old. */
  add(beginning: string): void {
    const turn = this.turns.get(beginning);
    if (turn !== undefined) turn.isOld = true;
    else this.wait(beginning, GATHERED_MS);
  }

  close(): void {
    this.isOver = true;
    for (const { timer } of this.turns.values()) clearTimeout(timer);
    this.turns.clear();
  }

  private wait(beginning: string, ms: number): void {
    this.turns.set(beginning, { timer: setTimeout(() => void this.take(beginning), ms), isOld: false });
  }

  private async take(beginning: string): Promise<void> {
    const turn = { timer: undefined, isOld: false };
    this.turns.set(beginning, turn);
    const began = Date.now();
    await Promise.race([this.read(beginning).catch(() => undefined), new Promise((resolve) => setTimeout(resolve, LONGEST_MS))]);
    if (this.isOver) return;
    if (turn.isOld) this.wait(beginning, Math.max(GATHERED_MS, AGAIN_MS - (Date.now() - began)));
    else this.turns.delete(beginning);
  }
}
