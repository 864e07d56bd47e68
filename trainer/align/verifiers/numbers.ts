/**
 * Numbers in running text. A number is digits, with thousands parted by commas and a decimal part; `1,2` are two numbers.
 * A minus before it is its sign unless it stands behind a digit, a letter or a bracket: `16-3=13` ends in 13, `3-5=-2`
 * in -2. Currency signs may stand between sign and digits. Exponents and fractions are not read.
 */

// Each repetition begins with a character that the one before cannot take: no text makes this slow.
const NUMBER = /(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|(?<![\w.])\.\d+/g;
const CURRENCY = /[$€£¥]/;
const MINUS = /[-\u2212]/;
const NO_SIGN_BEHIND = /[\p{L}\p{N})\]]/u;

/** GSM8K marks the answer of a solution so (Cobbe et al. 2021). */
const MARK = "####";

/**
 * The number that a text comes to: what follows the last `####`, else the last number. As a decimal without needless
 * zeros, so that equal numbers are equal texts at any precision.
 */
export function numberOf(text: string): string | undefined {
  const mark = text.lastIndexOf(MARK);
  if (mark >= 0) {
    const marked = firstNumber(text, mark + MARK.length);
    if (marked !== undefined) return marked;
  }
  let last: { index: number; digits: string } | undefined;
  for (const match of text.matchAll(NUMBER)) last = { index: match.index, digits: match[0] };
  return last && decimal(last.digits, isNegative(text, last.index));
}

function firstNumber(text: string, from: number): string | undefined {
  const pattern = new RegExp(NUMBER);
  pattern.lastIndex = from;
  const match = pattern.exec(text);
  return match === null ? undefined : decimal(match[0], isNegative(text, match.index));
}

function isNegative(text: string, at: number): boolean {
  const sign = at - 1 - (CURRENCY.test(text[at - 1] ?? "") ? 1 : 0);
  return MINUS.test(text[sign] ?? "") && !NO_SIGN_BEHIND.test(text[sign - 1] ?? "");
}

function decimal(digits: string, negative: boolean): string {
  const [whole, part = ""] = digits.replaceAll(",", "").split(".");
  const left = whole!.replace(/^0+(?=\d)/, "") || "0";
  const right = withoutLastZeros(part);
  const plain = right === "" ? left : `${left}.${right}`;
  return negative && plain !== "0" ? `-${plain}` : plain;
}

/** A pattern for zeros at the end would try again at each run of zeros before. */
function withoutLastZeros(digits: string): string {
  let end = digits.length;
  while (end > 0 && digits[end - 1] === "0") end--;
  return digits.slice(0, end);
}
