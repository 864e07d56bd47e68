/**
 * Regular expressions of tokenizer files. Hugging Face reads them with Oniguruma in its Ruby syntax; we run them in
 * JavaScript under the flags `v` and `y`. What both can say in the same sense is translated, both ways; the rest is
 * refused rather than guessed at.
 *
 *     Oniguruma            JavaScript
 *     \s \S                \p{White_Space} \P{White_Space}     (JavaScript's own \s differs by U+FEFF and U+0085)
 *     \d                   \p{Nd}
 *     .                    [^\n]
 *     (?i:'s)              '[sSſ]                              (U+017F folds to s, U+212A to k)
 *     $                    (?![^\n])                           (the end of any line)
 *     (?>X)  X*+  X++      (?:(?=(X))\1)                       (no way back into X)
 *     X{1,3}+              X+                                  (after braces, + is no possessive but a second repeat)
 *
 * Sources: Oniguruma's doc/RE; ECMAScript 2024.
 */
import { FormatError } from "../../pipeline/errors.ts";

type Member =
  | { readonly kind: "range"; readonly from: number; readonly to: number }
  | { readonly kind: "property"; readonly name: string; readonly negated: boolean };

type Node =
  | { readonly kind: "alternation"; readonly options: readonly Node[] }
  | { readonly kind: "sequence"; readonly items: readonly Node[] }
  | { readonly kind: "literal"; readonly codePoint: number }
  | { readonly kind: "set"; readonly negated: boolean; readonly members: readonly Member[] }
  | { readonly kind: "look"; readonly behind: boolean; readonly negated: boolean; readonly body: Node }
  | { readonly kind: "atomic"; readonly body: Node }
  | {
      readonly kind: "repeat";
      readonly body: Node;
      readonly min: number;
      readonly max: number;
      readonly lazy: boolean;
    };

const WHITE_SPACE = "White_Space";
const NOT_LINE_FEED: Node = { kind: "set", negated: true, members: [{ kind: "range", from: 10, to: 10 }] };
const LINE_END: Node = { kind: "look", behind: false, negated: true, body: NOT_LINE_FEED };
const ANYTHING: Node = {
  kind: "set",
  negated: false,
  members: [
    { kind: "property", name: WHITE_SPACE, negated: false },
    { kind: "property", name: WHITE_SPACE, negated: true },
  ],
};

/**
 * JavaScript source (flags `v` and `y`) of a regular expression in Oniguruma's spelling. Raises FormatError, beginning
 * with `where`, for what is not supported, and for what can match nothing: a piece has a length.
 */
export function translateRegex(source: string, where: string): string {
  const node = new Parser(source, where).parse();
  if (minLength(node) === 0) {
    throw new FormatError(`${where}: found ${show(source)}, which can match nothing, expected pieces of a length`);
  }
  const translated = toJavaScript(node);
  try {
    new RegExp(translated, "vy");
  } catch (cause) {
    throw new FormatError(`${where}: ${show(source)} cannot be said in JavaScript`, { cause });
  }
  return translated;
}

/** The way back: a regular expression for Oniguruma that `translateRegex` makes `source` of; undefined if none. */
export function untranslateRegex(source: string): string | undefined {
  try {
    const written = print(new Parser(source, "").parse(), "oniguruma", { groups: 0 });
    return translateRegex(written, "") === source ? written : undefined;
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

/** Source that matches a text as it is written, in either dialect. */
export function escapeLiteral(text: string): string {
  return toJavaScript({
    kind: "sequence",
    items: Array.from(text, (character) => ({ kind: "literal", codePoint: character.codePointAt(0)! })),
  });
}

/** The fewest code points that a match has. */
function minLength(node: Node): number {
  switch (node.kind) {
    case "literal":
    case "set":
      return 1;
    case "look":
      return 0;
    case "atomic":
      return minLength(node.body);
    case "repeat":
      return node.min * minLength(node.body);
    case "sequence":
      return node.items.reduce((sum, item) => sum + minLength(item), 0);
    case "alternation":
      return Math.min(...node.options.map(minLength));
  }
}

const MAX_SOURCE_UNITS = 20_000;
const MAX_DEPTH = 50;
/** Larger bounds make a regular expression that takes the engine's memory. */
const MAX_REPEAT = 1000;

const BRACES = /\{(?:(\d+)(,?)(\d*)|,(\d+))\}/y;
const PROPERTY = /\\([pP])\{(\^?)([A-Za-z_=]+)\}/y;
const HEX = /\\(?:x([0-7][0-9A-Fa-f])|u([0-9A-Fa-f]{4})|[xu]\{([0-9A-Fa-f]{1,6})\})/y;
const BACK_REFERENCE = /\\[1-9]\d*/y;
const GENERAL_CATEGORY = /^(?:C[cfnos]?|L[lmotu]?|M[cen]?|N[dlo]?|P[cdefios]?|S[ckmo]?|Z[lps]?)$/;
const CONTROL_ESCAPES: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13, a: 7, e: 27 };
/** Without case, two letters may also match one: "ss" is ß, "st" is ﬆ. */
const LIGATURES = new Set(["ss", "st", "ff", "fi", "fl"]);

/** Reads both dialects: what is written in JavaScript by `print` means the same in Oniguruma's grammar. */
class Parser {
  readonly #source: string;
  readonly #where: string;
  #at = 0;
  #depth = 0;
  #ignoreCase = false;
  /** Where the last capturing group was. */
  #capture = { start: -1, end: -1 };

  constructor(source: string, where: string) {
    this.#source = source;
    this.#where = where;
    if (source.length > MAX_SOURCE_UNITS) {
      throw new FormatError(`${where}: ${source.length} characters, expected ${MAX_SOURCE_UNITS} at most`);
    }
  }

  parse(): Node {
    const node = this.#alternation();
    if (this.#at < this.#source.length) throw this.#refuse('a ")" without a "("');
    return node;
  }

  #alternation(): Node {
    if (++this.#depth > MAX_DEPTH) throw this.#refuse(`more than ${MAX_DEPTH} groups within each other`);
    const options = [this.#sequence()];
    while (this.#take("|")) options.push(this.#sequence());
    this.#depth--;
    return options.length === 1 ? options[0]! : { kind: "alternation", options };
  }

  #sequence(): Node {
    const items: Node[] = [];
    let lastLetter = "";
    while (this.#at < this.#source.length && !this.#sees("|") && !this.#sees(")")) {
      const start = this.#at;
      const atom = this.#atom();
      const letter = this.#ignoreCase ? this.#source.slice(start, this.#at).toLowerCase() : "";
      if (LIGATURES.has(lastLetter + letter)) {
        throw this.#refuse(`"${lastLetter}${letter}" without case, which a single character may match`);
      }
      lastLetter = letter;
      items.push(this.#repeated(atom));
    }
    return items.length === 1 ? items[0]! : { kind: "sequence", items };
  }

  #repeated(body: Node): Node {
    const bounds = this.#bounds();
    if (bounds === undefined) return body;
    if (body.kind === "look") throw this.#refuse("a repeated lookaround");
    const { min, max, braces, exact } = bounds;
    let repeat: Node & { kind: "repeat" } = { kind: "repeat", body, min, max, lazy: false };
    if (max === Number.POSITIVE_INFINITY && isVariable(body)) {
      throw this.#refuse("an endless repeat of something of many lengths, which may take for ever");
    }
    if (this.#take("?")) {
      // In Oniguruma, {2}? is no lazy {2}: it is {2} or nothing.
      repeat = exact ? { kind: "repeat", body: repeat, min: 0, max: 1, lazy: false } : { ...repeat, lazy: true };
    } else if (this.#take("+")) {
      if (!braces) return this.#endOfRepeat({ kind: "atomic", body: repeat });
      if (min > 1) throw this.#refuse('"+" after braces, which in Oniguruma repeats the repeat');
      repeat = { ...repeat, max: Number.POSITIVE_INFINITY };
      if (isVariable(body)) throw this.#refuse("an endless repeat of something of many lengths");
    }
    return this.#endOfRepeat(repeat);
  }

  #endOfRepeat(node: Node): Node {
    const start = this.#at;
    if (this.#bounds() !== undefined) {
      this.#at = start;
      throw this.#refuse("a repeat of a repeat");
    }
    return node;
  }

  #bounds(): { min: number; max: number; braces: boolean; exact: boolean } | undefined {
    const Inf = Number.POSITIVE_INFINITY;
    if (this.#take("*")) return { min: 0, max: Inf, braces: false, exact: false };
    if (this.#take("+")) return { min: 1, max: Inf, braces: false, exact: false };
    if (this.#take("?")) return { min: 0, max: 1, braces: false, exact: false };
    const match = this.#match(BRACES);
    if (match === null) return undefined;
    const [, from, comma, to, upTo] = match;
    const min = Number(from ?? 0);
    const max = upTo !== undefined ? Number(upTo) : to !== "" ? Number(to) : comma === "," ? Inf : min;
    if (min > MAX_REPEAT || (max !== Inf && max > MAX_REPEAT)) throw this.#refuse(`more than ${MAX_REPEAT} repeats`);
    if (max < min) throw this.#refuse("a repeat whose least is above its most");
    return { min, max, braces: true, exact: comma === "" && upTo === undefined };
  }

  #atom(): Node {
    if (this.#take("(")) return this.#group();
    if (this.#take("[")) return this.#set();
    if (this.#take(".")) return NOT_LINE_FEED;
    if (this.#take("$")) return LINE_END;
    if (this.#sees("\\")) return this.#escape();
    for (const stray of ["*", "+", "?", "^", "]"]) {
      if (this.#sees(stray)) throw this.#refuse(`"${stray}"`);
    }
    return this.#literal(this.#codePoint());
  }

  #group(): Node {
    const start = this.#at - 1;
    const ignoreCase = this.#ignoreCase;
    let make = (body: Node): Node => body;
    let isCapture = false;
    if (this.#take("?i:")) this.#ignoreCase = true;
    else if (this.#take("?-i:")) this.#ignoreCase = false;
    else if (this.#take("?>")) make = (body) => ({ kind: "atomic", body });
    else if (this.#take("?=")) make = (body) => ({ kind: "look", behind: false, negated: false, body });
    else if (this.#take("?!")) make = (body) => ({ kind: "look", behind: false, negated: true, body });
    else if (this.#take("?<=")) make = (body) => ({ kind: "look", behind: true, negated: false, body });
    else if (this.#take("?<!")) make = (body) => ({ kind: "look", behind: true, negated: true, body });
    else if (this.#take("?:")) make = (body) => body;
    else if (this.#sees("?")) throw this.#refuse(`the group "(${this.#source.slice(this.#at, this.#at + 3)}"`);
    else isCapture = true;
    const bodyStart = this.#at;
    const body = this.#alternation();
    const bodyEnd = this.#at;
    if (!this.#take(")")) throw this.#refuse('a "(" without a ")"');
    this.#ignoreCase = ignoreCase;
    if (isCapture) this.#capture = { start, end: this.#at };
    const node = make(body);
    if (node.kind !== "look") return node;
    if (node.behind && (hasAtomic(body) || isUnbounded(body))) throw this.#refuse("a repeat in a lookbehind");
    // (?=(X))\1 is how JavaScript says (?>X).
    const isAtomic = !node.negated && this.#capture.start === bodyStart && this.#capture.end === bodyEnd;
    return isAtomic && this.#match(BACK_REFERENCE) !== null ? { kind: "atomic", body } : node;
  }

  #escape(): Node {
    if (this.#take("\\z")) return { kind: "look", behind: false, negated: true, body: ANYTHING };
    const start = this.#at;
    const member = this.#escapedMember();
    if (member.kind === "property") return { kind: "set", negated: false, members: [member] };
    if (this.#ignoreCase && this.#at - start !== 2) throw this.#refuse("a character by its number without case");
    return this.#literal(member.from);
  }

  /** An escape that means the same inside and outside of brackets. */
  #escapedMember(): Member {
    const property = this.#match(PROPERTY);
    if (property !== null) {
      const negated = (property[1] === "P") !== (property[2] === "^");
      return { kind: "property", name: this.#propertyName(property[3]!), negated };
    }
    const hex = this.#match(HEX);
    if (hex !== null) {
      const codePoint = Number.parseInt((hex[1] ?? hex[2] ?? hex[3])!, 16);
      if (codePoint > 0x10ffff || (codePoint & 0x1ff800) === 0xd800) throw this.#refuse("what is no code point");
      return { kind: "range", from: codePoint, to: codePoint };
    }
    const letter = this.#source[this.#at + 1] ?? "";
    const name = { s: WHITE_SPACE, S: WHITE_SPACE, d: "Nd", D: "Nd" }[letter];
    if (name !== undefined) {
      this.#at += 2;
      return { kind: "property", name, negated: letter === "S" || letter === "D" };
    }
    const control = Object.hasOwn(CONTROL_ESCAPES, letter) ? CONTROL_ESCAPES[letter] : undefined;
    if (control === undefined && (letter === "" || /[A-Za-z0-9]/.test(letter))) throw this.#refuse(`"\\${letter}"`);
    this.#at++;
    const codePoint = this.#codePoint();
    return { kind: "range", from: control ?? codePoint, to: control ?? codePoint };
  }

  /** JavaScript's name of a property: a general category, a script, or White_Space. */
  #propertyName(name: string): string {
    if (name === WHITE_SPACE || name === "space" || name === "Space") return WHITE_SPACE;
    if (GENERAL_CATEGORY.test(name)) return name;
    const script = name.startsWith("Script=") ? name : `Script=${name}`;
    try {
      new RegExp(`\\p{${script}}`, "v");
      return script;
    } catch {
      throw this.#refuse(`the property "${name}"`);
    }
  }

  #set(): Node {
    const negated = this.#take("^");
    const members: Member[] = [];
    while (!this.#take("]")) {
      if (this.#at >= this.#source.length) throw this.#refuse('a "[" without a "]"');
      if (this.#sees("[")) throw this.#refuse("brackets in brackets");
      if (this.#sees("&&")) throw this.#refuse('"&&" in brackets');
      const from = this.#setMember();
      if (from.kind === "range" && this.#sees("-") && !this.#sees("-]")) {
        this.#at++;
        const to = this.#setMember();
        if (to.kind !== "range" || to.from < from.from) throw this.#refuse("a range without two ends in order");
        members.push({ kind: "range", from: from.from, to: to.from });
      } else if (from.kind === "property" && this.#sees("-") && !this.#sees("-]")) {
        throw this.#refuse("a range that begins with a class");
      } else members.push(from);
    }
    if (members.length === 0) throw this.#refuse("empty brackets");
    if (!this.#ignoreCase) return { kind: "set", negated, members };
    const codePoints = members.map((member) =>
      member.kind === "range" && member.from === member.to ? member.from : -1,
    );
    if (negated || codePoints.includes(-1)) throw this.#refuse("brackets without case that hold more than letters");
    return { kind: "set", negated, members: codePoints.flatMap((codePoint) => this.#cases(codePoint)) };
  }

  #setMember(): Member {
    if (this.#sees("\\")) return this.#escapedMember();
    const codePoint = this.#codePoint();
    return { kind: "range", from: codePoint, to: codePoint };
  }

  #literal(codePoint: number): Node {
    if (!this.#ignoreCase) return { kind: "literal", codePoint };
    const members = this.#cases(codePoint);
    return members.length === 1 ? { kind: "literal", codePoint } : { kind: "set", negated: false, members };
  }

  /** A character and those that are equal to it without case. */
  #cases(codePoint: number): Member[] {
    if (codePoint > 0x7f) throw this.#refuse("letters beyond ASCII without case");
    const character = String.fromCharCode(codePoint);
    const cases = new Set([character.toLowerCase(), character.toUpperCase()]);
    if (cases.has("s")) cases.add("\u017f");
    if (cases.has("k")) cases.add("\u212a");
    return [...cases].map((one) => ({ kind: "range", from: one.codePointAt(0)!, to: one.codePointAt(0)! }));
  }

  #codePoint(): number {
    const codePoint = this.#source.codePointAt(this.#at);
    if (codePoint === undefined) throw this.#refuse("an end");
    this.#at += codePoint > 0xffff ? 2 : 1;
    return codePoint;
  }

  #sees(text: string): boolean {
    return this.#source.startsWith(text, this.#at);
  }

  #take(text: string): boolean {
    if (!this.#sees(text)) return false;
    this.#at += text.length;
    return true;
  }

  #match(sticky: RegExp): RegExpExecArray | null {
    sticky.lastIndex = this.#at;
    const match = sticky.exec(this.#source);
    if (match !== null) this.#at += match[0].length;
    return match;
  }

  #refuse(what: string): FormatError {
    return new FormatError(
      `${this.#where}: found ${what} at ${this.#at} of ${show(this.#source)}, which is not supported (characters, [sets], \\p{…}, \\s, \\d, groups, (?i:…), lookaround and repeats are)`,
    );
  }
}

function show(source: string): string {
  return JSON.stringify(source.length > 80 ? `${source.slice(0, 80)}…` : source);
}

function someNode(node: Node, is: (node: Node) => boolean): boolean {
  if (is(node)) return true;
  if (node.kind === "alternation") return node.options.some((option) => someNode(option, is));
  if (node.kind === "sequence") return node.items.some((item) => someNode(item, is));
  return "body" in node && someNode(node.body, is);
}

function hasAtomic(node: Node): boolean {
  return someNode(node, ({ kind }) => kind === "atomic");
}

function isUnbounded(node: Node): boolean {
  return someNode(node, (inner) => inner.kind === "repeat" && inner.max === Number.POSITIVE_INFINITY);
}

/** Whether a repeat in it can match the same text at several lengths. */
function isVariable(node: Node): boolean {
  if (node.kind === "atomic" || node.kind === "look") return false;
  if (node.kind === "repeat" && node.min !== node.max) return true;
  if (node.kind === "alternation") return node.options.some(isVariable);
  if (node.kind === "sequence") return node.items.some(isVariable);
  return node.kind === "repeat" && isVariable(node.body);
}

type Dialect = "javascript" | "oniguruma";

function toJavaScript(node: Node): string {
  return print(node, "javascript", { groups: 0 });
}

/** `written.groups` counts the capturing groups so far. */
function print(node: Node, dialect: Dialect, written: { groups: number }): string {
  switch (node.kind) {
    case "literal":
      return printCharacter(node.codePoint, /[\^$\\.*+?()[\]{}|/]/, dialect);
    case "set":
      return printSet(node, dialect);
    case "alternation":
      return node.options.map((option) => print(option, dialect, written)).join("|");
    case "sequence":
      return node.items
        .map((item) =>
          item.kind === "alternation" ? `(?:${print(item, dialect, written)})` : print(item, dialect, written),
        )
        .join("");
    case "look":
      return `(?${node.behind ? "<" : ""}${node.negated ? "!" : "="}${print(node.body, dialect, written)})`;
    case "atomic": {
      if (dialect === "oniguruma") return `(?>${print(node.body, dialect, written)})`;
      const group = ++written.groups;
      // The parentheses around all keep a digit that follows out of the number.
      return `(?:(?=(${print(node.body, dialect, written)}))\\${group})`;
    }
    case "repeat": {
      const isUnit = node.body.kind === "literal" || node.body.kind === "set";
      const body = print(node.body, dialect, written);
      return `${isUnit ? body : `(?:${body})`}${printBounds(node)}${node.lazy ? "?" : ""}`;
    }
  }
}

function printBounds({ min, max }: { readonly min: number; readonly max: number }): string {
  if (max === Number.POSITIVE_INFINITY) return min === 0 ? "*" : min === 1 ? "+" : `{${min},}`;
  if (min === 0 && max === 1) return "?";
  // Always with a comma: {2}? means something else in the two dialects.
  return `{${min},${max}}`;
}

function printSet({ negated, members }: Extract<Node, { kind: "set" }>, dialect: Dialect): string {
  const reserved = /[\^$\\.*+?()[\]{}|/\-&!#%,:;<=>@`~]/;
  const printed = members.map((member) => {
    if (member.kind === "property") return printProperty(member, dialect);
    const from = printCharacter(member.from, reserved, dialect);
    return member.from === member.to ? from : `${from}-${printCharacter(member.to, reserved, dialect)}`;
  });
  const isAlone = members.length === 1 && members[0]!.kind === "property" && !negated;
  return isAlone ? printed[0]! : `[${negated ? "^" : ""}${printed.join("")}]`;
}

function printProperty({ name, negated }: Extract<Member, { kind: "property" }>, dialect: Dialect): string {
  const known = dialect === "oniguruma" ? name.replace("Script=", "") : name;
  return `\\${negated ? "P" : "p"}{${known}}`;
}

function printCharacter(codePoint: number, reserved: RegExp, dialect: Dialect): string {
  const named = { 9: "\\t", 10: "\\n", 13: "\\r" }[codePoint];
  if (named !== undefined) return named;
  const character = String.fromCodePoint(codePoint);
  if (reserved.test(character)) return `\\${character}`;
  const isPlain = character === " " || !/[\p{White_Space}\p{C}\p{M}]/v.test(character);
  return isPlain ? character : `\\${dialect === "oniguruma" ? "x" : "u"}{${codePoint.toString(16)}}`;
}
