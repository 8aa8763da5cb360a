/** Which field a problem of the service speaks of. */
import { inWords, isProblem } from "@/api/client";

/** The field that a problem speaks of, by the service's name for it, and what is wrong there. */
export function fieldError(error: unknown): { field: string; said: string } | undefined {
  if (!isProblem(error) || typeof error.field !== "string") return undefined;
  return { field: error.field, said: error.detail ?? error.title };
}

/** What is wrong with a field, by the service's name for it. */
export function errorAt(error: unknown, field: string): string | undefined {
  const found = fieldError(error);
  return found?.field === field ? found.said : undefined;
}

/** What is wrong, unless one of the fields shows it. */
export function errorBeside(error: unknown, fields: readonly string[]): string | undefined {
  if (error === null || error === undefined) return undefined;
  const found = fieldError(error);
  return found !== undefined && fields.includes(found.field) ? undefined : inWords(error);
}
