/** Tasks whose answers can be verified and that a model of a million parameters learns in a minute. */
import { seededRandom } from "../../../pipeline/random.ts";

export interface Question {
  readonly prompt: string;
  readonly answer: string;
}

export interface TaskData {
  /** With their answers, to be imitated. */
  readonly examples: readonly Question[];
  /** To be tried. */
  readonly questions: readonly Question[];
  /** Never learned from. */
  readonly heldOut: readonly Question[];
}

export interface Task {
  readonly name: string;
  readonly make: (below: (n: number) => number) => Question;
}

export const TASKS: readonly Task[] = [
  {
    // 4 to 6 digits: 80413 → 01348.
    name: "sorting",
    make(below) {
      const digits = Array.from({ length: 4 + below(3) }, () => below(10));
      return { prompt: digits.join(""), answer: digits.toSorted((a, b) => a - b).join("") };
    },
  },
  {
    // Four to six digits are summed: 3+8+9+1 → 21.
    name: "arithmetic",
    make(below) {
      const digits = Array.from({ length: 4 + below(3) }, () => below(10));
      return { prompt: digits.join("+"), answer: `${digits.reduce((sum, digit) => sum + digit, 0)}` };
    },
  },
  {
    // The larger of two numbers as JSON, in a tag or plain, as a letter asks: j47 35 → {"a":47}.
    name: "format",
    make(below) {
      const [a, b] = [10 + below(90), 10 + below(90)];
      const value = Math.max(a, b);
      const form = below(3);
      const answer = [`{"a":${value}}`, `<a>${value}</a>`, `${value}`][form]!;
      return { prompt: `${"jtp"[form]}${a} ${b}`, answer };
    },
  },
];

/** Of each task. */
const EXAMPLES = 400;
const QUESTIONS = 1200;
const HELD_OUT = 600;

/** No prompt is in two of the three parts, or twice in one. */
export function dataOf({ make }: Task, seed: number): TaskData {
  const random = seededRandom(seed);
  const below = (n: number): number => Math.floor(random() * n);
  const seen = new Set<string>();
  const distinct = (count: number): Question[] => {
    const found: Question[] = [];
    while (found.length < count) {
      const question = make(below);
      if (seen.has(question.prompt)) continue;
      seen.add(question.prompt);
      found.push(question);
    }
    return found;
  };
  return { heldOut: distinct(HELD_OUT), examples: distinct(EXAMPLES), questions: distinct(QUESTIONS) };
}
