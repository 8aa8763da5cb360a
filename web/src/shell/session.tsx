"use client";

/** Who is signed in, and what they may do. */
import { useEffect, useRef } from "react";
import { z } from "zod/mini";

import { api, http, inWords, isProblem, type Schemas } from "@/api/client";

export type Scope = Schemas["SignedIn"]["scope"];

const RANK: Record<Scope, number> = { read: 0, write: 1, admin: 2 };

export function useSession() {
  return api.useQuery("get", "/api/v1/session", {}, { staleTime: 60_000 });
}

/** Whether whoever is signed in may do what needs a scope; undefined until that is known. */
export function useMay(scope: Scope): boolean | undefined {
  const { data } = useSession();
  return data === undefined ? undefined : RANK[data.scope] >= RANK[scope];
}

/** Reads all anew where somebody else is signed in than when the page was opened, or for another organization: another tab did that. */
export function useSameSession(): void {
  const { data } = useSession();
  const whose = data === undefined ? undefined : JSON.stringify([data.tenant, data.name]);
  const first = useRef<string>(undefined);
  useEffect(() => {
    if (whose === undefined) return;
    first.current ??= whose;
    if (whose !== first.current) location.reload();
  }, [whose]);
}

const SignedOut = z.object({ continue_at: z.string() });

/** Signs out; where there is an identity provider, there, too. */
export async function signOut(): Promise<void> {
  try {
    const next = await endAtProvider();
    if (next !== null) {
      location.assign(next);
      return;
    }
    await endHere();
    // Anew: nothing of what was read as somebody stays.
    location.replace("/signin/");
  } catch (error) {
    // Whoever walks away from the screen must have seen this: nothing else on the page would tell.
    alert(`Signing out failed: ${inWords(error)}. You may still be signed in.`);
  }
}

/** Where to go on after signing out at the provider; null where there is none. */
async function endAtProvider(): Promise<string | null> {
  const ended = await fetch("/auth/logout", { method: "POST" });
  if (!ended.ok) return null;
  // Where no service is behind the console, its host answers with a page.
  const answer = SignedOut.safeParse(await ended.json().catch(() => null));
  return answer.success ? answer.data.continue_at : null;
}

async function endHere(): Promise<void> {
  const { error, response } = await http.DELETE("/api/v1/session");
  // Who is not signed in any more wanted just that.
  if (response.ok || response.status === 401) return;
  throw isProblem(error) ? error : new Error(`the service answers ${response.status}`);
}
