/** Operational status, in the codes of CelesTrak's satellite catalog. */
const WORDS: Record<string, string> = {
  "+": "Operational",
  "-": "Nonoperational",
  P: "Partially operational",
  B: "Backup or standby",
  S: "Spare",
  X: "Extended mission",
  D: "Decayed",
};

export function statusInWords(code: string): string {
  return WORDS[code] ?? `Unknown (${code})`;
}
