/**
 * How much of held-out text stood in what an arm was trained on, by runs of words (see
 * `pipeline/text/word-hashes.ts` for what a word is).
 *
 *     held-out items ─▶ their n-grams, hashed and numbered once
 *     an arm's texts ─▶ n-grams, looked up one by one ─▶ a mark for each number that was met
 *
 * Contamination is judged as GPT-3 does (Brown et al. 2020, appendix C): an item is contaminated where any run of n words of
 * it occurs in a training text, n = 13, or as many words as a shorter item has. Items of fewer than 8 words are not judged:
 * runs as short as that meet by chance. Resemblance is the share of the domain's runs of 5 words that occur: it grows with
 * what two texts have in common in matter and style, and with the amount of training text.
 *
 * Memory: some 100 bytes a held-out word, whatever the amount of training text. Two different runs are taken for the same
 * with a chance of 2⁻⁶⁴ a pair.
 */
import { KeyNumbers } from "../../pipeline/key-numbers.ts";
import { GramRoller } from "../../pipeline/text/gram-hashes.ts";
import { WordHasher } from "../../pipeline/text/word-hashes.ts";

export const CONTAMINATION_WORDS = 13;
const FEWEST_CONTAMINATION_WORDS = 8;
const RESEMBLANCE_WORDS = 5;

export interface HeldOutTexts {
  readonly domain: string;
  readonly items: readonly { readonly id: string; readonly text: string }[];
}

/** One arm and one domain. `share`, `contaminatedItems` and `items` are those of `ReportData.overlaps`. */
export interface Overlap {
  readonly arm: string;
  readonly domain: string;
  /** Of the runs of 13 words (of short items: of their only one), those that occur in training text. */
  readonly share: number;
  /** Of the runs of 5 words. */
  readonly resemblance: number;
  readonly contaminatedItems: number;
  readonly contaminatedIds: readonly string[];
  readonly items: number;
  /** Too short to be judged. */
  readonly unjudgedItems: number;
}

interface IndexedItem {
  readonly id: string;
  /** Numbers of its runs, repeats included. */
  readonly contamination: Uint32Array;
  readonly resemblance: Uint32Array;
}

/** The n-grams of held-out text, to which arms are held one after the other. */
export class HeldOutGrams {
  readonly #hasher = new WordHasher();
  readonly #roller = new GramRoller();
  readonly #numbers = new KeyNumbers();
  readonly #domains: readonly { readonly domain: string; readonly items: readonly IndexedItem[] }[];
  /** Lengths of run that some item has. */
  readonly #lengths: readonly number[];

  constructor(heldOut: readonly HeldOutTexts[]) {
    const lengths = new Set<number>();
    this.#domains = heldOut.map(({ domain, items }) => ({
      domain,
      items: items.map(({ id, text }) => {
        this.#hasher.read(text);
        const words = this.#hasher.count;
        const length = Math.min(CONTAMINATION_WORDS, words);
        return {
          id,
          contamination: this.#index(length < FEWEST_CONTAMINATION_WORDS ? 0 : length, lengths),
          resemblance: this.#index(RESEMBLANCE_WORDS, lengths),
        };
      }),
    }));
    this.#lengths = [...lengths].sort((a, b) => a - b);
  }

  /** Reads all that an arm may be trained on, a document a text; gives an overlap for each domain. */
  async overlapsOf(arm: string, texts: AsyncIterable<string> | Iterable<string>): Promise<Overlap[]> {
    const numbers = this.#numbers;
    const isMet = new Uint8Array(numbers.count);
    for await (const text of texts) {
      this.#hasher.read(text);
      for (const length of this.#lengths) {
        const { low, high, count } = this.#roller.roll(this.#hasher, length);
        for (let i = 0; i < count; i++) {
          const number = numbers.find(low[i]!, high[i]!);
          if (number >= 0) isMet[number] = 1;
        }
      }
    }
    return this.#domains.map(({ domain, items }) => {
      const contaminated = items.filter(({ contamination }) => contamination.some((number) => isMet[number] === 1));
      return {
        arm,
        domain,
        share: shareMet(
          items.map(({ contamination }) => contamination),
          isMet,
        ),
        resemblance: shareMet(
          items.map(({ resemblance }) => resemblance),
          isMet,
        ),
        contaminatedItems: contaminated.length,
        contaminatedIds: contaminated.map(({ id }) => id),
        items: items.length,
        unjudgedItems: items.filter(({ contamination }) => contamination.length === 0).length,
      };
    });
  }

  /** Numbers of the runs of `length` words of the text that was read last. */
  #index(length: number, lengths: Set<number>): Uint32Array {
    if (length === 0 || this.#hasher.count < length) return new Uint32Array(0);
    lengths.add(length);
    const { low, high, count } = this.#roller.roll(this.#hasher, length);
    return Uint32Array.from({ length: count }, (_, i) => this.#numbers.add(low[i]!, high[i]!));
  }
}

function shareMet(grams: readonly Uint32Array[], isMet: Uint8Array): number {
  let met = 0;
  let all = 0;
  for (const numbers of grams) {
    all += numbers.length;
    for (const number of numbers) met += isMet[number]!;
  }
  return all === 0 ? 0 : met / all;
}
