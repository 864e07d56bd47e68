/**
 * The tokenizer contract. The engine, the trainer and the evaluation know tokenizers only by this; the formats and
 * algorithms live in `tokenizer/`.
 */
export interface Tokenizer {
  readonly name: string;
  readonly vocabSize: number;
  /** Id of the token that ends every document in a shard, `<|endoftext|>` by custom; absent where there is none. */
  readonly endOfText?: number;
  /** Id that stands for whatever has no token. Absent where every text can be spelled: only then is there perplexity. */
  readonly unknown?: number;
  /** SHA-256 (hex) over everything that decides ids: vocabulary, pattern, merges, special tokens. */
  readonly digest: string;
  /** Token ids of a text; special tokens in it are encoded as ordinary text. */
  encode(text: string): Uint32Array;
  /** The same for a text in UTF-8. What is not UTF-8 keeps its bytes: `decode` gives them back as they were. */
  encodeBytes(utf8: Uint8Array): Uint32Array;
  /** The bytes that the ids stand for. Single ids may be parts of a character: decode whole streams. */
  decode(ids: ArrayLike<number>): Uint8Array;
}
