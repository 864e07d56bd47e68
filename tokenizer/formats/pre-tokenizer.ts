/** Pre-tokenizers of tokenizer.json, both ways: which regular expression cuts the text, if any. */
import { FormatError } from "../../pipeline/errors.ts";
import { NO_PATTERN, PATTERNS, type Pattern } from "../pretokenize.ts";
import { type JsonValue, quote } from "./json.ts";
import { escapeLiteral, translateRegex, untranslateRegex } from "./regex.ts";

/** As the files that were converted from tiktoken's vocabularies spell them. */
const CONTRACTION = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const CL100K = `${CONTRACTION}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;
const UPPER = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
const LOWER = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";
const O200K = `[^\\r\\n\\p{L}\\p{N}]?${UPPER}*${LOWER}+${CONTRACTION}?|[^\\r\\n\\p{L}\\p{N}]?${UPPER}+${LOWER}*${CONTRACTION}?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;
const GPT2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/** Their translations, so that other spellings of the same expression are recognised, too. */
const KNOWN: ReadonlyMap<string, Pattern> = new Map(
  [
    [GPT2, PATTERNS.gpt2] as const,
    ["'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+", PATTERNS.gpt2] as const,
    ["'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s", PATTERNS.gpt2] as const,
    [CL100K, PATTERNS.cl100k] as const,
    [CL100K.replace(CONTRACTION, "'(?i:[sdmt]|ll|ve|re)"), PATTERNS.cl100k] as const,
    [O200K, PATTERNS.o200k] as const,
  ].map(([regex, pattern]) => [translateRegex(regex, "built in"), pattern]),
);

/**
 * The pattern for a regular expression in Hugging Face's (Oniguruma's) spelling: a known one, or "custom". `where` begins
 * the message of the FormatError that refuses what cannot be said in JavaScript.
 */
export function patternOfRegex(regex: string, where: string): Pattern {
  const source = translateRegex(regex, where);
  return KNOWN.get(source) ?? { name: "custom", source };
}

const SUPPORTED =
  "ByteLevel, or a Sequence of one Split (Regex, Isolated) and a ByteLevel with use_regex false, each with add_prefix_space false";

export function readPreTokenizer(json: JsonValue): Pattern {
  if (json.isAbsent) {
    throw json.wrong(SUPPORTED, "without ByteLevel, spaces and letters beyond ASCII would have no tokens");
  }
  const type = json.at("type").value;
  if (type === "ByteLevel") return readByteLevel(json) ? PATTERNS.gpt2 : NO_PATTERN;
  if (type !== "Sequence") throw json.wrong(SUPPORTED);
  const steps = json.at("pretokenizers").items();
  const [first, second] = steps;
  if (steps.length === 1 && first!.at("type").value === "ByteLevel") return readPreTokenizer(first!);
  if (steps.length !== 2 || first!.at("type").value !== "Split" || second!.at("type").value !== "ByteLevel") {
    throw json.at("pretokenizers").wrong(SUPPORTED);
  }
  if (readByteLevel(second!))
    throw second!.at("use_regex").wrong("false", "two patterns, one after the other, are not supported");
  return readSplit(first!);
}

/** Whether it cuts by GPT-2's pattern. */
function readByteLevel(json: JsonValue): boolean {
  json.at("add_prefix_space").expect(false);
  return json.at("use_regex").boolean(true);
}

function readSplit(json: JsonValue): Pattern {
  const pattern = json.at("pattern");
  const isLiteral = Object.hasOwn(pattern.object(), "String");
  const spelling = pattern.at(isLiteral ? "String" : "Regex");
  const found = patternOfRegex(isLiteral ? escapeLiteral(spelling.string()) : spelling.string(), spelling.path);
  const behavior = json.at("behavior");
  const invert = json.at("invert").boolean(false);
  // Inverted, what matches is kept and the rest removed: a pattern that matches everything leaves no rest.
  if (behavior.value === "Removed" && invert && found.name !== "custom") return found;
  behavior.expect("Isolated");
  return found;
}

/** The pre-tokenizer that cuts as the pattern does. Raises FormatError where none is known to. */
export function writePreTokenizer(pattern: Pattern): object {
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true };
  if (isSame(pattern, PATTERNS.gpt2)) return { ...byteLevel, use_regex: true };
  if (isSame(pattern, NO_PATTERN)) return { ...byteLevel, use_regex: false };
  const regex = isSame(pattern, PATTERNS.cl100k)
    ? CL100K
    : isSame(pattern, PATTERNS.o200k)
      ? O200K
      : untranslateRegex(pattern.source);
  if (regex === undefined) {
    throw new FormatError(
      `the pattern ${quote(pattern.source)} cannot be written to tokenizer.json; expected a built-in one, or one that was made from a regular expression of such a file`,
    );
  }
  return {
    type: "Sequence",
    pretokenizers: [
      { type: "Split", pattern: { Regex: regex }, behavior: "Isolated", invert: false },
      { ...byteLevel, use_regex: false },
    ],
  };
}

function isSame(a: Pattern, b: Pattern): boolean {
  return a.name === b.name && a.source === b.source;
}
