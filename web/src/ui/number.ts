/** Numbers that people type. */

export type NumberRead = { value: number | null; error?: never } | { value?: never; error: string };

interface Range {
  least: number;
  most: number;
  unit?: string;
  whole?: boolean;
}

/** Reads a number; nothing typed is no number. What is not one, or out of range, is said with the range. */
export function readNumber(text: string, { least, most, unit, whole = false }: Range): NumberRead {
  const typed = text.trim();
  if (typed === "") return { value: null };
  const value = Number(typed);
  const due = `${least.toLocaleString("en-US")} to ${most.toLocaleString("en-US")}${unit === undefined ? "" : ` ${unit}`} is due`;
  // `Number` takes hexadecimal and "Infinity", too, which nobody means.
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(typed)) return { error: `${typed}: not a number; ${due}` };
  if (whole && !Number.isInteger(value)) return { error: `${typed}: a whole number from ${due}` };
  return value >= least && value <= most ? { value } : { error: `${typed}: ${due}` };
}

/** The text of a field for a number that may be absent. */
export function numberText(value: number | null | undefined): string {
  return value === null || value === undefined ? "" : String(value);
}
