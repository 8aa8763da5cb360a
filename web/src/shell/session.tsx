"use client";

/** Who is signed in, and what they may do. */
import { api, http, type Schemas } from "@/api/client";

type Scope = Schemas["SignedIn"]["scope"];

const RANK: Record<Scope, number> = { read: 0, write: 1, admin: 2 };

export function useSession() {
  return api.useQuery("get", "/api/v1/session", {}, { staleTime: 60_000 });
}

/** Whether whoever is signed in may do what needs a scope; false until that is known. */
export function useMay(scope: Scope): boolean {
  const { data } = useSession();
  return data !== undefined && RANK[data.scope] >= RANK[scope];
}

/** Signs out; where there is an identity provider, there, too. */
export async function signOut(): Promise<void> {
  const ended = await fetch("/auth/logout", { method: "POST" });
  if (ended.ok) {
    const { continue_at: next } = (await ended.json()) as { continue_at: string };
    location.assign(next);
    return;
  }
  await http.DELETE("/api/v1/session");
  // Anew: nothing of what was read as somebody stays.
  location.replace("/signin/");
}
