import { defineRewriter, z } from "../../pipeline/stage.ts";
import { drop, keep } from "../../pipeline/verdict.ts";
import { blotOut, type Place, unblotted } from "./pii/barrier.ts";
import { findEmails } from "./pii/email.ts";
import { findIps } from "./pii/ip.ts";
import { findPhones } from "./pii/phone.ts";
import { type Found, findReplaced, type Kind, type Replacement, replaceFound } from "./pii/replacements.ts";

/** Dolma's limit (configs/dolma-v1_5/mixing/cc-head.yaml): pages with more are lists of contacts. */
const DEFAULT_MAX_FOUND = 5;
/** How far a word like "isbn" reaches: dolma's window. */
const WINDOW_CHARS = 100;

/**
 * Finds e-mail addresses, IP addresses and telephone numbers, and masks them, counts them, or drops pages that are full of
 * them. Outside of what is masked no byte changes, lines stay lines, and a second run finds nothing.
 *
 * | | is | not |
 * |---|---|---|
 * | e-mail | what datatrove's pattern finds, in capitals too | `3@4.99`, `medium.com/@some.one`, `user@` |
 * | IP | IPv4 as datatrove's, whole: not inside 1.2.3.4.5 or v1.2.3.4; IPv6 with eight groups or "::" | private ones, unless `publicIpsOnly: false` |
 * | telephone | 3-3-4 digits as dolma and CS336 write them, and "+" with 8 to 15 | beside digits, money, in URLs |
 *
 * Telephone numbers and IP addresses with "isbn", "doi" or "#" within 100 characters stay, by a rule of dolma's (its
 * PiiRegexV1); here it ignores case, and does not look past something already found. A version number of four parts is an
 * IP address to every pattern, this one too.
 *
 * Sources: huggingface/datatrove 386e030 (formatters/pii.py: e-mail and public IPs, rotating examples, which it counts over
 * pages and this over each page), allenai/dolma 0a1a55d (taggers/pii.py), and the tests of Stanford's CS336, assignment 4.
 * Dolma masks and drops above five: `{ maxFound: 5 }`.
 *
 * @example pii({ replacement: "same-length", kinds: ["email", "ip"] })
 */
export default defineRewriter({
  name: "pii",
  module: import.meta.url,
  version: 1,
  params: z.strictObject({
    action: z
      .enum(["mask", "detect", "drop"])
      .default("mask")
      .describe(
        "`mask` replaces what is found; `detect` only counts it, in the scores; `drop` counts, and drops pages with more than `maxFound`.",
      ),
    replacement: z
      .enum(["mask", "example", "same-length"])
      .default("mask")
      .describe(
        '`mask`: "|||EMAIL_ADDRESS|||" and the like; `example`: addresses that lead nowhere, in turn; `same-length`: a "*" for each character, so that all offsets stay.',
      ),
    kinds: z
      .array(z.enum(["email", "phone", "ip"]))
      .min(1)
      .default(["email", "phone", "ip"])
      .describe("What to look for."),
    publicIpsOnly: z
      .boolean()
      .default(true)
      .describe("Leave private, loopback and documentation addresses alone: what Python's `is_global` denies."),
    notNear: z
      .array(z.string().min(1))
      .default(["isbn", "doi", "#"])
      .describe("Within 100 characters of one of these, in any case, digits are taken for no telephone number or IP."),
    maxFound: z
      .int()
      .min(0)
      .optional()
      .describe("Pages with more are dropped, whatever the action. Unset: 5 with `drop`, no limit otherwise."),
  }),
  thresholds: ["maxFound"],
  rewrite: ({ text }, params) => {
    const found = findPii(text, params);
    const count = (wanted: Kind) => found.filter(({ kind }) => kind === wanted).length;
    return {
      text: params.action === "mask" && found.length > 0 ? replaceFound(text, found, params.replacement) : text,
      scores: {
        emails: count("email"),
        phones: count("phone"),
        ips: count("ip"),
        chars: found.reduce((sum, { start, end }) => sum + end - start, 0),
      },
    };
  },
  keep: ({ emails, phones, ips }, { action, maxFound }) => {
    const found = emails + phones + ips;
    const limit = maxFound ?? (action === "drop" ? DEFAULT_MAX_FOUND : Number.POSITIVE_INFINITY);
    return found > limit ? drop("too-much-pii", found) : keep;
  },
});

interface Search {
  readonly replacement: Replacement;
  readonly kinds: readonly Kind[];
  readonly publicIpsOnly: boolean;
  readonly notNear: readonly string[];
}

/** All that is found, in order. An address holds numbers, so addresses go first. */
function findPii(text: string, { replacement, kinds, publicIpsOnly, notNear }: Search): Found[] {
  const words = notNear.map((word) => word.toLowerCase());
  const found: Found[] = [];
  let view = blotOut(text, findReplaced(text, replacement));
  const take = (kind: Kind, places: readonly Place[]) => {
    const taken = kind === "email" ? places : places.filter((place) => !isNear(view, place, words));
    for (const place of taken) found.push({ kind, ...place });
    view = blotOut(view, taken);
  };
  if (kinds.includes("email")) take("email", findEmails(view));
  if (kinds.includes("ip")) take("ip", findIps(view, publicIpsOnly));
  if (kinds.includes("phone")) take("phone", findPhones(view));
  return found.sort((a, b) => a.start - b.start);
}

function isNear(view: string, place: Place, words: readonly string[]): boolean {
  if (words.length === 0) return false;
  const sides = unblotted(view, Math.max(0, place.start - WINDOW_CHARS), place.end + WINDOW_CHARS, place);
  const [before, after] = [sides.before.toLowerCase(), sides.after.toLowerCase()];
  return words.some((word) => before.includes(word) || after.includes(word));
}
