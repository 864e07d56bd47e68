/**
 * The first 256 ids of a trained vocabulary: one a byte, in GPT-2's order of printable bytes (`bytes_to_unicode` in
 * openai/gpt-2, `encoder.py`), which is the order in which Hugging Face numbers its byte alphabet, too:
 *
 *     '!'…'~' · '¡'…'¬' · '®'…'ÿ' · the 68 others, ascending
 */
export const BYTE_COUNT = 256;

export const BYTE_OF_ID: Uint8Array = bytesInOrder();
export const ID_OF_BYTE: Uint8Array = inverse(BYTE_OF_ID);

function bytesInOrder(): Uint8Array {
  const isPrintable = (byte: number) => (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad);
  const all = Array.from({ length: BYTE_COUNT }, (_, byte) => byte);
  return Uint8Array.from([...all.filter(isPrintable), ...all.filter((byte) => !isPrintable(byte))]);
}

function inverse(permutation: Uint8Array): Uint8Array {
  const inverted = new Uint8Array(permutation.length);
  for (const [at, value] of permutation.entries()) inverted[value] = at;
  return inverted;
}
