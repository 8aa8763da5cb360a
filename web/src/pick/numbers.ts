/** Catalog numbers that people paste: one a line, or with anything between them. */

const MOST = 999_999_999;

export interface PastedNumbers {
  numbers: number[];
  /** What is no catalog number, as it was typed. */
  wrong: string[];
}

/** Reads catalog numbers, each once; separated by commas, semicolons, blanks or line ends. */
export function readNumbers(text: string): PastedNumbers {
  const numbers = new Set<number>();
  const wrong: string[] = [];
  for (const word of text.split(/[\s,;]+/)) {
    if (word === "") continue;
    const number = Number(word);
    if (/^\d{1,9}$/.test(word) && number >= 1 && number <= MOST) numbers.add(number);
    else wrong.push(word);
  }
  return { numbers: [...numbers], wrong };
}
