/**
 * GPT-2's way of spelling bytes in text files: each byte is one printable character. The 188 that are printable in
 * Latin-1 stand for themselves; the 68 others, in order, are U+0100 and on: a space is "Ġ", a line break "Ċ".
 * Source: `bytes_to_unicode` of openai/gpt-2; Hugging Face's ByteLevel spells the same.
 */

const FIRST_STAND_IN = 0x100;

const PRINTABLE = Array.from({ length: 256 }, () => "");
const BYTE_OF = new Map<string, number>();

let standIns = 0;
for (let byte = 0; byte < 256; byte++) {
  const itself = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xff && byte !== 0xad);
  const character = String.fromCharCode(itself ? byte : FIRST_STAND_IN + standIns++);
  PRINTABLE[byte] = character;
  BYTE_OF.set(character, byte);
}

/** A token's bytes as printable text. */
export function toPrintable(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += PRINTABLE[byte]!;
  return text;
}

/** The bytes that printable text stands for; undefined where it is empty or a character stands for no byte. */
export function fromPrintable(text: string): Uint8Array | undefined {
  if (text === "") return undefined;
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const byte = BYTE_OF.get(text[i]!);
    if (byte === undefined) return undefined;
    bytes[i] = byte;
  }
  return bytes;
}
