import type { FastTextModel } from "./fasttext-model.ts";

/** A model as a fastText 0.9.2 file: `.bin` where its matrices are dense, `.ftz` where they are quantised. */
export function writeFastTextModel(_model: FastTextModel): Uint8Array {
  throw new Error("not written yet");
}
