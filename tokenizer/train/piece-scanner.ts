import { type Pattern, PieceCutter } from "../pretokenize.ts";

/** Finds the pieces of texts in UTF-8. */
export interface PieceScanner {
  /** Ends of the pieces of a text, in bytes, ascending; the last is the text's length. Valid until the next call. */
  scan(text: Uint8Array): Uint32Array;
}

/** The scanner of a pattern. Raises RecipeError if that is no regular expression. */
export function scannerFor(pattern: Pattern): PieceScanner {
  const cutter = new PieceCutter(pattern);
  return { scan: (text) => cutter.cut(text) };
}
