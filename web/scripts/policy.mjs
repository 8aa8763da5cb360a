// The Content-Security-Policy of a page of the static export.
import { createHash } from "node:crypto";

/** The origins in a text that has blanks or commas between them. */
export function originsIn(text) {
  const origins = text.split(/[\s,]+/).filter((part) => part !== "");
  for (const origin of origins) {
    // Stricter than URL, which takes a host with a semicolon: that would begin another directive.
    if (!/^(https?|wss?):\/\/[a-z0-9.-]+(:\d+)?$/.test(origin)) {
      throw new Error(`CONSOLE_CONNECT: ${origin} is no origin, as https://api.example.org (no path, no slash at the end)`);
    }
  }
  return origins;
}

/**
 * What a page may load and run: its own inline scripts by their hashes, files of its own origin, and nothing else. It may
 * speak to its own origin, and to those in `connect`.
 */
export function policyOf(html, connect) {
  const inline = [...html.matchAll(/<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g)].map(([, text]) => text);
  const hashes = [...new Set(inline)].map((text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`);
  return [
    "default-src 'none'",
    // The propagator of the globe is WebAssembly.
    ["script-src 'self' 'wasm-unsafe-eval'", ...hashes].join(" "),
    // Places and sizes of what is drawn are style attributes; no style can run a script.
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    ["connect-src 'self'", ...connect].join(" "),
    "worker-src 'self' blob:",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
  ].join("; ");
}

/** What Next.js begins every head with. The encoding has to stand within the first 1,024 bytes of a page. */
const HEAD = '<head><meta charSet="utf-8"/>';

/** The page with its policy before anything that it governs. */
export function withPolicy(html, connect) {
  if (!html.includes(HEAD)) throw new Error(`a page without ${HEAD}`);
  return html.replace(HEAD, () => `${HEAD}<meta http-equiv="Content-Security-Policy" content="${policyOf(html, connect)}"/>`);
}
