/** Models that score text. */

export { clipText } from "./clip-text.ts";
export { type Prediction, predictPlainly } from "./fasttext.ts";
export { type LabelledText, parseFastTextLine } from "./fasttext-examples.ts";
export { FastTextScorer } from "./fasttext-fast.ts";
export { type FastTextModel, type Loss, loadFastTextModel, readFastTextModel } from "./fasttext-model.ts";
export { type QuantisingOptions, quantiseFastText } from "./fasttext-quantise.ts";
export { type TrainingOptions, trainFastText } from "./fasttext-train.ts";
export { saveFastTextModel, writeFastTextModel } from "./fasttext-write.ts";
