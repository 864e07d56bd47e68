/** Texts to compare a fast measurement with its plain definition on: random ones full of what filters look for, and hostile ones. */

const WORDS = [
  "the", "of", "that", "in", "to", "into", "a", "b", "aa", "ab", "aba", "river", "Interconnection", "#", "##", "#a#", "…",
  "...", "[...]", "word…", "2024", "3.5%", "(see", "note)", "[1]", "{x}", "⟨", "naïve", "کتاب", "कि", "天气", "😀", "👩‍👩‍👧", "𝒶𝒷",
  "\ud800", "\udc00x", "x\ud83d", "\ude00", "http://x.org/a?b=c#d", "https://", "http://a%2Fb%zz;c", "end.", "end?", 'end"',
  "cookies", "Cookie", "uses", "use", "of", "PRIVACY", "policy", "terms", "Kookies", "coo\u212aies", "READ", "more", "more..",
]; // biome-ignore format: a list
const BETWEEN = [
  " ",
  " ",
  " ",
  " ",
  " ",
  "  ",
  "\n",
  "\n",
  "\n\n",
  "\n\n\n",
  "\t",
  "\r\n",
  "\x85",
  "\u2028",
  "\x1c",
  "\u3000",
];
const LINE_STARTS = ["", "", "", "- ", "* ", "*", "• ", "  ◦", "⦿", "\u00a0"];
const LINE_ENDS = ["", "", "", "…", "... ", "-»", "(...)", "read more", "Read More..", "!", "'", " \t"];

/** A text of up to some hundred words; some are cut from few words, so that runs of them repeat. */
export function randomText(random: () => number): string {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
  const vocabulary = Array.from({ length: 1 + Math.floor(random() ** 2 * 40) }, () => pick(WORDS));
  const between = random() < 0.5 ? [" "] : BETWEEN;
  const parts: string[] = random() < 0.1 ? ["\n \n"] : [];
  const count = Math.floor(random() ** 2 * 300);
  for (let i = 0; i < count; i++) {
    if (random() < 0.08) parts.push(pick(LINE_ENDS), "\n", random() < 0.2 ? "\n" : "", pick(LINE_STARTS));
    if (parts.length > 20 && random() < 0.03) {
      const from = Math.floor(random() * (parts.length - 20));
      parts.push(...parts.slice(from, from + 4 + Math.floor(random() * 16)));
    }
    parts.push(pick(vocabulary), pick(between));
  }
  return parts.join("");
}

/** Megabytes that a rule which is not linear, or spreads a text over the stack, does not come back from. */
export const HOSTILE_TEXTS: readonly string[] = [
  "x".repeat(2_000_000),
  `${"#a".repeat(200_000)}#`,
  "\n".repeat(1_000_000),
  " \n".repeat(250_000),
  "a\n\n".repeat(100_000),
  " ".repeat(1_000_000),
  "a ".repeat(200_000),
  "a b ".repeat(100_000),
  // Two huge words, of which the second nearly holds the first again and again.
  `${"a".repeat(300_000)} ${"a".repeat(299_999)}b${"a".repeat(300_000)}`,
  `${`${"ab".repeat(200)} `.repeat(1000)}${"ab".repeat(100_000)}`,
  "http".repeat(100_000),
  "http://".repeat(100_000),
  "http://%".repeat(100_000),
  "use of cookie".repeat(50_000),
  "lorem\n\nipsum ".repeat(50_000),
  "…".repeat(300_000),
  "今天天气很好".repeat(50_000),
  "مرحبا שלום ".repeat(50_000),
  "👩‍👩‍👧‍👦 ".repeat(30_000),
  "\ud800".repeat(300_000),
  "\udc00 \ud800".repeat(100_000),
  "\0 ".repeat(100_000),
];
