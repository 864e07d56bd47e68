/** Two tokenizers side by side, and what each makes training cost. */
import { RecipeError } from "../pipeline/errors.ts";
import { ratio, type TokenCounts, type TokenizerStats } from "./stats.ts";

/** A decoder-only transformer, as far as training cost goes. */
export interface ModelShape {
  /** Parameters of all layers, embeddings left out: about 12 · layers · width² (Kaplan et al. 2020, table 1). */
  readonly layerParameters: number;
  /** Length of a token's vector. */
  readonly width: number;
}

/** GPT-2 small (Radford et al. 2019): 12 layers of width 768. */
export const GPT2_SMALL: ModelShape = { layerParameters: 12 * 12 * 768 ** 2, width: 768 };

/**
 * Floating-point operations to train a model on one byte of text:
 *
 *     6 · N · tokens a byte        N = layerParameters + vocabSize · width
 *
 * 6 N a token: a multiplication and an addition for each weight, forward once and backward twice (Kaplan et al. 2020,
 * arXiv 2001.08361, section 2.1). N counts the output head, a product with vocabSize · width weights, as Hoffmann et
 * al. 2022 do (arXiv 2203.15556, appendix F): a larger vocabulary has to earn its head. An input's vector is looked up
 * for nothing. Attention's own products are left out; they grow with the context: 6 · layers · context · width a token.
 */
export function trainingFlopsPerByte(
  { vocabSize, bytesPerToken }: { readonly vocabSize: number; readonly bytesPerToken: number },
  { layerParameters, width }: ModelShape = GPT2_SMALL,
): number {
  return ratio(6 * (layerParameters + vocabSize * width), bytesPerToken);
}

/** One number of both tokenizers. */
export interface Pair {
  readonly a: number;
  readonly b: number;
  /** b over a; 0 where a is 0. */
  readonly ratio: number;
}

export interface TokenizerComparison {
  readonly a: TokenizerStats["tokenizer"];
  readonly b: TokenizerStats["tokenizer"];
  readonly tokens: Pair;
  readonly bytesPerToken: Pair;
  readonly tokensPerWord: Pair;
  readonly singleByteShare: Pair;
  readonly vocabularyUse: Pair;
  readonly unknownShare: Pair;
  /** See `trainingFlopsPerByte`. Below 1, b is the cheaper to train with. */
  readonly trainingFlopsPerByte: Pair;
  /** Tokens by language and by domain, as ordered in the statistics. */
  readonly tokensByLanguage: ReadonlyMap<string, Pair>;
  readonly tokensByDomain: ReadonlyMap<string, Pair>;
}

/** Two tokenizers side by side. Raises RecipeError where the statistics are not of the same documents. */
export function compareTokenizers(
  a: TokenizerStats,
  b: TokenizerStats,
  shape: ModelShape = GPT2_SMALL,
): TokenizerComparison {
  if (a.documents !== b.documents || a.bytes !== b.bytes || a.words !== b.words) {
    throw new RecipeError(
      `comparison: ${a.tokenizer.name} was measured on ${a.documents} documents of ${a.bytes} bytes, ` +
        `${b.tokenizer.name} on ${b.documents} of ${b.bytes}: measure both on the same`,
    );
  }
  const pair = (of: (stats: TokenizerStats) => number): Pair => pairOf(of(a), of(b));
  const groups = (of: (stats: TokenizerStats) => ReadonlyMap<string, TokenCounts>): Map<string, Pair> =>
    new Map([...of(a)].map(([name, { tokens }]) => [name, pairOf(tokens, of(b).get(name)?.tokens ?? 0)]));
  return {
    a: a.tokenizer,
    b: b.tokenizer,
    tokens: pair(({ tokens }) => tokens),
    bytesPerToken: pair(({ bytesPerToken }) => bytesPerToken),
    tokensPerWord: pair(({ tokensPerWord }) => tokensPerWord),
    singleByteShare: pair(({ singleByteShare }) => singleByteShare),
    vocabularyUse: pair(({ vocabularyUse }) => vocabularyUse),
    unknownShare: pair(({ unknownShare }) => unknownShare),
    trainingFlopsPerByte: pair(({ tokenizer: { vocabSize }, bytesPerToken }) =>
      trainingFlopsPerByte({ vocabSize, bytesPerToken }, shape),
    ),
    tokensByLanguage: groups(({ byLanguage }) => byLanguage),
    tokensByDomain: groups(({ byDomain }) => byDomain),
  };
}

function pairOf(a: number, b: number): Pair {
  return { a, b, ratio: ratio(b, a) };
}
