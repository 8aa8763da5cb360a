// What is left to do to the static export: a Content-Security-Policy in each page with the hashes of its inline
// scripts, compressed copies of what compresses, and checks that fail the build: no other host, and the budget.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

import { originsIn, withPolicy } from "./policy.mjs";

const OUT = "out";
/** Compressed JavaScript that a page may load at first; the globe's own comes after it. */
const BUDGET_BYTES = 300_000;
/** Origins that the pages speak to beside their own: the interface's, of previews; the bucket's, for uploads by link. */
const CONNECT = originsIn(process.env.CONSOLE_CONNECT ?? "");

const files = readdirSync(OUT, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && !/\.(br|gz)$/.test(entry.name))
  .map((entry) => join(entry.parentPath, entry.name));

function compressed(bytes) {
  return brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } });
}

const sizes = new Map();
for (const file of files) {
  if (file.endsWith(".html")) writeFileSync(file, withPolicy(readFileSync(file, "utf8"), CONNECT));
  if (!/\.(html|js|css|svg|json|txt|wasm)$/.test(file)) continue;
  // The service answers it anew in each environment.
  if (relative(OUT, file) === "config.json") continue;
  const bytes = readFileSync(file);
  const small = compressed(bytes);
  sizes.set(`/${relative(OUT, file)}`, small.length);
  writeFileSync(`${file}.br`, small);
  writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
}

let failed = false;
for (const file of files.filter((name) => name.endsWith(".html"))) {
  const html = readFileSync(file, "utf8");
  const scripts = [...html.matchAll(/<script[^>]*\ssrc="([^"]+)"[^>]*>/g)].filter(([tag]) => !/nomodule/i.test(tag)).map(([, source]) => source);
  const other = [...html.matchAll(/\s(?:src|href)="((?:https?:)?\/\/[^"]+)"/g)].map(([, address]) => address);
  if (other.length > 0) {
    console.error(`${file}: loads from another host: ${other.join(", ")}`);
    failed = true;
  }
  const bytes = [...new Set(scripts)].reduce((sum, source) => sum + (sizes.get(source.split("?")[0]) ?? 0), 0);
  console.log(`${relative(OUT, file).padEnd(28)} ${(bytes / 1000).toFixed(0).padStart(5)} kB of JavaScript, compressed`);
  if (bytes > BUDGET_BYTES) {
    console.error(`${file}: ${bytes} bytes of JavaScript, ${BUDGET_BYTES} are allowed`);
    failed = true;
  }
}
process.exitCode = failed ? 1 : 0;
