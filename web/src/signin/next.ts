/** Where somebody goes on after signing in. */
import { kept } from "@/ui/kept";

/** Longest path, as the service takes it at `/auth/login`. */
const LONGEST = 1_000;

/** Kept when somebody has seen the page that explains what is here. */
export const WELCOMED = "astroshield.welcomed";

/** A path of ours: nothing that a browser could take for another site, and no part of the sign-in itself. */
export function isOwnPath(path: string): boolean {
  const plain = path.length <= LONGEST && /^[!-~]*$/.test(path) && !path.includes("\\");
  return plain && path.startsWith("/") && !path.startsWith("//") && !/^\/(auth|signin)(\/|\?|#|$)/.test(path);
}

/** Where to go on from a query (`?next=/event/`); whoever is here for the first time is told what they see. */
export function nextOf(search: string): string {
  const next = new URLSearchParams(search).get("next");
  if (next !== null && next !== "/" && isOwnPath(next)) return next;
  return kept(WELCOMED) === null ? "/welcome/" : "/";
}

/** Goes on. As another page, so that nothing stays that was read before signing in. */
export function goOn(path: string): void {
  location.replace(path);
}

/**
 * Takes the token out of the address bar and of the history, and returns it.
 *
 * Next.js has an address of its own, which it would write back later: it hears of the change from `replaceState`, but only after
 * the effects of the first drawing.
 */
export function takeToken(): string | null {
  const query = new URLSearchParams(location.search);
  const token = query.get("token");
  if (token === null) return null;
  query.delete("token");
  const rest = query.toString();
  const path = location.pathname + (rest === "" ? "" : `?${rest}`);
  history.replaceState(history.state, "", path);
  queueMicrotask(() => history.replaceState(null, "", path));
  return token;
}
