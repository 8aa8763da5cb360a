/** Lines of a file, read in the browser. */

/** More is not unpacked: it is no file that the service would have read. */
const MOST_BYTES = 64 * 2 ** 20;
/** What is longer is cut: a line that long is no line that people read. */
const LONGEST = 400;

/** The text of a file; unpacked, where it is packed with gzip. */
async function textOf(file: Blob): Promise<string> {
  const magic = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  if (magic[0] !== 0x1f || magic[1] !== 0x8b) return file.text();
  return new Response(file.stream().pipeThrough(new DecompressionStream("gzip"))).text();
}

/** The lines of these numbers, counted from 1; none of a file that is too large. */
export async function linesOf(file: Blob, numbers: ReadonlySet<number>): Promise<ReadonlyMap<number, string>> {
  if (numbers.size === 0 || file.size > MOST_BYTES) return new Map();
  const lines = (await textOf(file)).split(/\r?\n/);
  return new Map(
    [...numbers].flatMap((number) => {
      const line = lines[number - 1];
      return line === undefined ? [] : [[number, line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line] as const];
    }),
  );
}
