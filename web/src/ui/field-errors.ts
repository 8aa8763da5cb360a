/** Which field a problem of the service speaks of. */
import { inWords, isProblem } from "@/api/client";

/** What is wrong with a field, by the service's name for it. */
export function errorAt(error: unknown, field: string): string | undefined {
  return isProblem(error) && error.field === field ? (error.detail ?? error.title) : undefined;
}

/** What is wrong, unless one of the fields shows it. */
export function errorBeside(error: unknown, fields: readonly string[]): string | undefined {
  if (error === null || error === undefined) return undefined;
  if (isProblem(error) && typeof error.field === "string" && fields.includes(error.field)) return undefined;
  return inWords(error);
}
