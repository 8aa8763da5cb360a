/** Sends a file to the service. */
import { http, isProblem, statusOf, type Schemas } from "@/api/client";

type Upload = Schemas["UploadRow"];

/** What is smaller goes in the body of the request; some services take no more that way. */
const LINK_FROM_BYTES = 4 * 2 ** 20;

export type Answer =
  | { state: "accepted"; upload: Upload }
  /** Nothing of it is used. */
  | { state: "rejected"; problems: string[]; said: string }
  /** It was not judged at all. */
  | { state: "failed"; error: unknown };

async function sha256(file: Blob): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Sends the file to a place of its own, if the service has such; undefined where it takes files in the body. */
async function place(file: Blob): Promise<string | undefined> {
  // Without a secure origin there is no digest, and then no link.
  if (file.size < LINK_FROM_BYTES || !("subtle" in crypto)) return undefined;
  const { data: link, error } = await http.POST("/api/v1/uploads/links", { params: { query: { sha256: await sha256(file) } } });
  if (statusOf(error) === 409) return undefined;
  if (link === undefined) throw error;
  const headers = Object.fromEntries(Object.entries(link.headers).map(([name, value]) => [name, String(value)]));
  const put = await fetch(link.url, { method: "PUT", body: file, headers });
  if (!put.ok) throw new Error(`the place for the file answered ${put.status} ${put.statusText}`);
  return link.place;
}

export async function send(file: File, object?: number): Promise<Answer> {
  try {
    const placed = await place(file);
    const query = { name: file.name, ...(object === undefined ? {} : { object }), ...(placed === undefined ? {} : { place: placed }) };
    const { data, error } = await http.POST("/api/v1/uploads", {
      params: { query },
      // The body is the file as it is, which the document of the interface describes as numbers.
      body: [],
      bodySerializer: () => (placed === undefined ? file : new Blob()),
      headers: { "content-type": "application/octet-stream" },
    });
    if (data !== undefined) return { state: "accepted", upload: data };
    if (isProblem(error) && error.errors !== undefined && error.errors.length > 0) {
      return { state: "rejected", problems: error.errors, said: error.detail ?? error.title };
    }
    return { state: "failed", error };
  } catch (error) {
    return { state: "failed", error };
  }
}
