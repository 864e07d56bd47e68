/**
 * Writes `unicode-classes.ts` from the tables of the Node that runs it: `npm run unicode`.
 */
import { writeFileSync } from "node:fs";

const CODE_POINTS = 0x11_0000;
/** In the order of the class numbers; the first that matches counts. 0 is what none matches. */
const CLASSES = [
  /[\p{Lu}\p{Lt}]/v,
  /\p{Ll}/v,
  /[\p{Lm}\p{Lo}]/v,
  /\p{M}/v,
  /\p{N}/v,
  /[\p{White_Space}--[\r\n]]/v,
  /[\r\n]/v,
];

const bytes: number[] = [];
let from = 0;
for (let to = 1; to <= CODE_POINTS; to++) {
  if (to < CODE_POINTS && classOf(to) === classOf(from)) continue;
  // A run: its length and class in one number, seven bits a byte, the lowest first.
  let run = (to - from) * 8 + classOf(from);
  for (; run > 127; run >>>= 7) bytes.push((run & 127) | 128);
  bytes.push(run);
  from = to;
}

function classOf(codePoint: number): number {
  const character = String.fromCodePoint(codePoint);
  return 1 + CLASSES.findIndex((regex) => regex.test(character));
}

const lines = Buffer.from(bytes)
  .toString("base64")
  .match(/.{1,110}/g)!;
writeFileSync(
  new URL("../../tokenizer/kernel/unicode-classes.ts", import.meta.url),
  `/** Written by write-unicode.ts (npm run unicode): not to be edited. */

/** The version of Unicode whose classes these are: ids do not depend on the Node that runs. */
export const UNICODE_VERSION = "${process.versions.unicode}";

/** Runs of code points from 0 on: \`length * 8 + class\`, base64 of seven bits a byte. */
export const UNICODE_CLASSES =
${lines.map((line) => `  "${line}"`).join(" +\n")};
`,
);
