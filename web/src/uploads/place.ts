/** Where in a file a problem is, as the service says it: `NAME: record 3, line 12: FIELD: reason`, or `message 2: reason`. */

export interface Place {
  /** Lines, records and messages are counted from 1. */
  line?: number;
  record?: number;
  message?: number;
  /** The rest: which field, and why. */
  said: string;
}

const IN_FILE = /^(?:record (\d+))?(?:, )?(?:line (\d+))?: /;
const IN_MESSAGE = /^message (\d+): /;

/** Reads a problem of a file of this name. What names no place is said as it is. */
export function placeOf(problem: string, name: string): Place {
  const message = IN_MESSAGE.exec(problem);
  if (message !== null) return { message: Number(message[1]), said: problem.slice(message[0].length) };
  const text = problem.startsWith(`${name}: `) ? problem.slice(name.length + 2) : problem;
  const whole = "whole input: ";
  if (text.startsWith(whole)) return { said: text.slice(whole.length) };
  const found = IN_FILE.exec(text);
  if (found === null || (found[1] === undefined && found[2] === undefined)) return { said: text };
  return {
    ...(found[1] === undefined ? {} : { record: Number(found[1]) }),
    ...(found[2] === undefined ? {} : { line: Number(found[2]) }),
    said: text.slice(found[0].length),
  };
}

/** The place in words: `Line 12`, `Record 3, line 12`, `Message 2`; `File` where it is the whole. */
export function placeInWords({ line, record, message }: Place): string {
  const words = [
    ...(message === undefined ? [] : [`message ${message}`]),
    ...(record === undefined ? [] : [`record ${record}`]),
    ...(line === undefined ? [] : [`line ${line}`]),
  ].join(", ");
  return words === "" ? "File" : words.charAt(0).toUpperCase() + words.slice(1);
}

/** Whether a file is refused only because it does not say whose ephemeris it is. */
export function asksForObject(problems: readonly string[]): boolean {
  return problems.length > 0 && problems.every((problem) => problem.endsWith("is no object of the catalog; say which it is"));
}
