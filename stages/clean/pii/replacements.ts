import type { Place } from "./barrier.ts";

export type Kind = "email" | "phone" | "ip";
export type Replacement = "mask" | "example" | "same-length";

export interface Found extends Place {
  readonly kind: Kind;
}

/** What dolma and CS336 put in place of each kind. */
const MASKS: Readonly<Record<Kind, string>> = {
  email: "|||EMAIL_ADDRESS|||",
  phone: "|||PHONE_NUMBER|||",
  ip: "|||IP_ADDRESS|||",
};

/**
 * Addresses that lead nowhere, taken in turn. E-mail and IPv4 are datatrove's (386e030, formatters/pii.py); the telephone
 * numbers are of the hundred that every North American area keeps for fiction, and 2001:db8::/32 is for documentation.
 */
const EXAMPLES: Readonly<Record<Kind | "ipv6", readonly string[]>> = {
  email: ["email@example.com", "firstname.lastname@example.org"],
  phone: ["202-555-0143", "202-555-0178"],
  ip: ["22.214.171.124", "126.96.36.199", "188.8.131.52", "184.108.40.206", "220.127.116.11", "18.104.22.168"],
  ipv6: ["2001:db8::1"],
};
/** Takes the place of each character in `same-length`. It is part of no address, and one byte long like those. */
const FILLER = "*";

/** What an earlier run with this replacement has left, as patterns. Masks are known whatever is to be written. */
const MASK = patternOf(Object.values(MASKS));
const LEFT_BEHIND: Readonly<Record<Replacement, readonly RegExp[]>> = {
  mask: [MASK],
  // Not as a part of longer words.
  example: [MASK, patternOf(Object.values(EXAMPLES).flat(), "(?<![A-Za-z0-9])", "(?![A-Za-z0-9])")],
  // The shortest thing found is an address like a@b.c.
  "same-length": [MASK, /\*{5,}/g],
};

/** Places that an earlier run has replaced, in order. */
export function findReplaced(text: string, replacement: Replacement): Place[] {
  return LEFT_BEHIND[replacement]
    .flatMap((pattern) => [...text.matchAll(pattern)])
    .map((match) => ({ start: match.index, end: match.index + match[0].length }))
    .sort((a, b) => a.start - b.start);
}

function patternOf(literals: readonly string[], before = "", after = ""): RegExp {
  const escaped = literals.map((literal) => literal.replace(/[.|]/g, "\\$&"));
  return new RegExp(`${before}(?:${escaped.join("|")})${after}`, "g");
}

/** The text with everything found replaced; all else is as it was. */
export function replaceFound(text: string, found: readonly Found[], replacement: Replacement): string {
  const pieces: string[] = [];
  const used = { email: 0, phone: 0, ip: 0, ipv6: 0 };
  let from = 0;
  for (const { kind, start, end } of found) {
    pieces.push(text.slice(from, start));
    from = end;
    if (replacement === "mask") pieces.push(MASKS[kind]);
    else if (replacement === "same-length") pieces.push(FILLER.repeat(end - start));
    else {
      const row = kind === "ip" && text.slice(start, end).includes(":") ? "ipv6" : kind;
      const examples = EXAMPLES[row];
      pieces.push(examples[used[row]++ % examples.length]!);
    }
  }
  pieces.push(text.slice(from));
  return pieces.join("");
}
