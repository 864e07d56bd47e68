import { seededRandom } from "../../random.ts";

/** Percent of the words of English web pages that have 1, 2, 3 … letters. */
const WORD_LENGTHS = [5.2, 14.7, 17.6, 16.2, 10.6, 9.4, 8.2, 6.5, 4.1, 2.8, 2, 1, 0.8, 0.3, 0.2, 0.2, 0.2];
const LETTERS = "etaoinshrdlucmfwypvbgkjqxz";
const VOCABULARY = 20_000;
const SENTENCE_WORDS = 12;

/** Pages of made-up words in sentences, some words much more frequent than others. */
export function syntheticPages(pages: number, words: number, seed: number): string[] {
  const random = seededRandom(seed);
  const vocabulary = Array.from({ length: VOCABULARY }, () => newWord(random));
  const draw = (): string => vocabulary[Math.floor(VOCABULARY * random() ** 3)]!;
  const sentence = (length: number): string => {
    const [first, ...others] = Array.from({ length }, draw);
    return `${[first![0]!.toUpperCase() + first!.slice(1), ...others].join(" ")}.`;
  };
  return Array.from({ length: pages }, () => {
    const sentences: string[] = [];
    for (let left = words; left > 0; left -= SENTENCE_WORDS) sentences.push(sentence(Math.min(left, SENTENCE_WORDS)));
    return inOnePiece(sentences.join(" "));
  });
}

/** As texts come from an extractor. V8 keeps a text that was joined in its parts until somebody reads it. */
export function inOnePiece(text: string): string {
  return Buffer.from(text).toString();
}

function newWord(random: () => number): string {
  let rest = 100 * random();
  let length = 1;
  for (const percent of WORD_LENGTHS) {
    rest -= percent;
    if (rest < 0) break;
    length++;
  }
  const letter = (): string => LETTERS[Math.floor(LETTERS.length * random() * random())]!;
  return Array.from({ length: Math.min(length, WORD_LENGTHS.length) }, letter).join("");
}
