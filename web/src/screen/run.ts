/** A screening on demand: asked for, and followed as it goes on. */
import { http, isProblem, type Schemas } from "@/api/client";

export type Screening = Schemas["ScreeningRow"];
export type ScreeningBody = Schemas["ScreeningBody"];

export type Progress = Schemas["ProgressRow"];
type Line = Schemas["ScreeningLine"];

/** A line of the answer. What is in it has the service's types, as every answer has. */
function isLine(value: unknown): value is Line {
  return typeof value === "object" && value !== null && ("progress" in value || "result" in value || "problem" in value);
}

/** The lines of a text that comes in pieces. */
export async function* linesOf(pieces: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  const reader = pieces.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    const lines = (rest + value).split("\n");
    rest = lines.pop() ?? "";
    yield* lines.filter((line) => line.trim() !== "");
  }
  if (rest.trim() !== "") yield rest;
}

/** Screens; fails with the service's problem, or as `fetch` does. */
export async function screen(body: ScreeningBody, signal: AbortSignal, onProgress: (progress: Progress) => void): Promise<Screening> {
  const { data, error } = await http.POST("/api/v1/screenings", {
    body,
    headers: { accept: "application/x-ndjson" },
    parseAs: "stream",
    signal,
  });
  if (error !== undefined) throw error;
  if (data === null || data === undefined) throw new Error("the service answered nothing");
  for await (const text of linesOf(data)) {
    const line: unknown = JSON.parse(text);
    if (!isLine(line)) throw new Error("the service answered something that is not known here");
    if ("progress" in line) onProgress(line.progress);
    else if ("result" in line) return line.result;
    else throw line.problem;
  }
  throw new Error("the answer ended before its result");
}

/** The field of the form that a problem speaks of: a number that is not in the catalog is told of without one. */
export function fieldOf(error: unknown, body: ScreeningBody | null): string | undefined {
  if (!isProblem(error)) return undefined;
  if (typeof error.field === "string") return error.field;
  return error.status === 404 && body?.catalog_number != null ? "catalog_number" : undefined;
}
