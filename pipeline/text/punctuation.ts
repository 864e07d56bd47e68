/** The punctuation that datatrove's filters know (huggingface/datatrove a649de7, utils/text.py), as facts. */
import { isHighSurrogate, isLowSurrogate } from "./python-text.ts";

/** Sentence enders of every script: Sentence_Terminal of Unicode 15 and three more Khmer signs. 159 code points. */
export const TERMINAL_PUNCTUATION: ReadonlySet<number> = codePoints(`
  21 2e 3f 589 61d-61f 6d4 700-702 7f9 837 839 83d-83e 964-965 104a-104b 1362 1367-1368 166e 1735-1736 17d4-17d6
  17d9-17da 1803 1809 1944-1945 1aa8-1aab 1b5a-1b5b 1b5e-1b5f 1b7d-1b7e 1c3b-1c3c 1c7e-1c7f 203c-203d 2047-2049 2e2e
  2e3c 2e53-2e54 3002 a4ff a60e-a60f a6f3 a6f7 a876-a877 a8ce-a8cf a92f a9c8-a9c9 aa5d-aa5f aaf0-aaf1 abeb fe52
  fe56-fe57 ff01 ff0e ff1f ff61 10a56-10a57 10f55-10f59 10f86-10f89 11047-11048 110be-110c1 11141-11143 111c5-111c6
  111cd 111de-111df 11238-11239 1123b-1123c 112a9 1144b-1144c 115c2-115c3 115c9-115d7 11641-11642 1173c-1173e 11944
  11946 11a42-11a43 11a9b-11a9c 11c41-11c42 11ef7-11ef8 11f43-11f44 16a6e-16a6f 16af5 16b37-16b38 16b44 16e98 1bc9f
  1da88
`);

/** ASCII punctuation, some full-width and typographic relatives, "１", and the control characters but "\t" and "\n". */
export const PUNCTUATION: ReadonlySet<number> = new Set(
  [..."!/—”:％１〈&(、━\\【#%「」，】；+^]~“《„';’{|∶´[=-`*．（–？！：$～«〉,><》)?）。…@_.\"}►»"]
    .map((char) => char.codePointAt(0)!)
    .concat([...codePoints("0-8 b-c d-1f 7f-9f")]),
);

/** Whether a code point is in either set. A word of nothing else is a symbol to the Gopher rules. */
export function isPunctuation(codePoint: number): boolean {
  return PUNCTUATION.has(codePoint) || TERMINAL_PUNCTUATION.has(codePoint);
}

/** Whether the last code point of `text[start..end)` ends a sentence. */
export function endsSentence(text: string, start: number, end: number): boolean {
  if (end <= start) return false;
  const last = text.charCodeAt(end - 1);
  const isPair = isLowSurrogate(last) && end - 2 >= start && isHighSurrogate(text.charCodeAt(end - 2));
  return TERMINAL_PUNCTUATION.has(isPair ? text.codePointAt(end - 2)! : last);
}

/** "21 61d-61f" → the code points, bounds included. */
function codePoints(ranges: string): Set<number> {
  const set = new Set<number>();
  for (const range of ranges.trim().split(/\s+/)) {
    const [first, last] = range.split("-").map((hex) => Number.parseInt(hex, 16));
    for (let codePoint = first!; codePoint <= (last ?? first!); codePoint++) set.add(codePoint);
  }
  return set;
}

/** Tokens that end a sentence: the 128 default characters of spaCy 3.8's sentencizer, all of them punctuation. */
export const SENTENCE_ENDS =
  /^[!.?\u{589}\u{61F}\u{6D4}\u{700}-\u{702}\u{7F9}\u{964}\u{965}\u{104A}\u{104B}\u{1362}\u{1367}\u{1368}\u{166E}\u{1735}\u{1736}\u{1803}\u{1809}\u{1944}\u{1945}\u{1AA8}-\u{1AAB}\u{1B5A}\u{1B5B}\u{1B5E}\u{1B5F}\u{1C3B}\u{1C3C}\u{1C7E}\u{1C7F}\u{203C}\u{203D}\u{2047}-\u{2049}\u{2E2E}\u{2E3C}\u{3002}\u{A4FF}\u{A60E}\u{A60F}\u{A6F3}\u{A6F7}\u{A876}\u{A877}\u{A8CE}\u{A8CF}\u{A92F}\u{A9C8}\u{A9C9}\u{AA5D}-\u{AA5F}\u{AAF0}\u{AAF1}\u{ABEB}\u{FE52}\u{FE56}\u{FE57}\u{FF01}\u{FF0E}\u{FF1F}\u{FF61}\u{10A56}\u{10A57}\u{11047}\u{11048}\u{110BE}-\u{110C1}\u{11141}-\u{11143}\u{111C5}\u{111C6}\u{111CD}\u{111DE}\u{111DF}\u{11238}\u{11239}\u{1123B}\u{1123C}\u{112A9}\u{1144B}\u{1144C}\u{115C2}\u{115C3}\u{115C9}-\u{115D7}\u{11641}\u{11642}\u{1173C}-\u{1173E}\u{11A42}\u{11A43}\u{11A9B}\u{11A9C}\u{11C41}\u{11C42}\u{16A6E}\u{16A6F}\u{16AF5}\u{16B37}\u{16B38}\u{16B44}\u{1BC9F}\u{1DA88}]$/u;
