/** UTF-8 in which anything may stand: characters where there are any, single bytes where there are none. */

const REPLACEMENT = "\uFFFD";

/** Length of the character at a place; 0 where there is none. Unicode 17, table 3-7. */
export function characterBytes(bytes: Uint8Array, at: number): number {
  const lead = bytes[at]!;
  if (lead < 0x80) return 1;
  const length = lead >= 0xc2 && lead <= 0xdf ? 2 : (lead & 0xf0) === 0xe0 ? 3 : lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  // The second byte rules out overlong forms, surrogates, and what is above U+10FFFF.
  const second = bytes[at + 1]!;
  const least = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const greatest = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < least || second > greatest) return 0;
  for (let i = 2; i < length; i++) if ((bytes[at + i]! & 0xc0) !== 0x80) return 0;
  return length;
}

/** Parts of bytes that are meant to be UTF-8: text where they are, single bytes where they are not. */
export function* utf8Stretches(bytes: Uint8Array): Generator<string | number> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let textStart = 0;
  let at = 0;
  while (at < bytes.length) {
    const length = characterBytes(bytes, at);
    if (length > 0) {
      at += length;
      continue;
    }
    if (textStart < at) yield decoder.decode(bytes.subarray(textStart, at));
    yield bytes[at++]!;
    textStart = at;
  }
  if (textStart < at) yield decoder.decode(bytes.subarray(textStart, at));
}

export interface PlacedText {
  /** One U+FFFD for each byte that is part of no character. */
  readonly text: string;
  /**
   * For each UTF-16 unit of the text, and for its end: the place in the bytes where its character begins. The second unit of
   * a surrogate pair has the place behind the character.
   */
  readonly places: Uint32Array;
}

/** Bytes as a text of which it is known what lies where. */
export function placeText(bytes: Uint8Array): PlacedText {
  const places: Uint32Array = new Uint32Array(bytes.length + 1);
  let text = "";
  let unit = 0;
  let at = 0;
  for (const stretch of utf8Stretches(bytes)) {
    if (typeof stretch === "number") {
      text += REPLACEMENT;
      places[unit++] = at++;
      continue;
    }
    text += stretch;
    for (let i = 0; i < stretch.length; i++) {
      places[unit++] = at;
      const code = stretch.charCodeAt(i);
      if (code >= 0xd800 && code < 0xdc00) {
        at += 4;
        places[unit++] = at;
        i++;
      } else {
        at += code < 0x80 ? 1 : code < 0x800 ? 2 : 3;
      }
    }
  }
  places[unit] = at;
  return { text, places: places.subarray(0, unit + 1) };
}
