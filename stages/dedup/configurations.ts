/**
 * How those who published a MinHash deduplication did it: bands, rows, and what a shingle is. Where each was read:
 *
 * | | bands × rows | shingle | read in |
 * |---|---|---|---|
 * | fineweb | 14 × 8 | 5 words | huggingface/datatrove 3647626, pipeline/dedup/minhash.py: its defaults, which are FineWeb's |
 * | refinedweb | 450 × 20 | 5 words | Lee et al. 2021, §4.2 and appendix A; Penedo et al. 2023, appendix G.3.1: both as others quote them |
 * | nemo | 20 × 13 | 24 characters as they are | NVIDIA-NeMo/Curator 1075bd3, deduplication/fuzzy/workflow.py; rapidsai/cudf 01500dd, text/minhash.cu |
 * | dclm | 93 × 15 | 5 words | mlfoundations/dclm, exp_data: data sets named `minhash.b15.r93`. Its shingles were not found; these are RefinedWeb's |
 * | duplodocus | 20 × 5 | 5 words | allenai/duplodocus dd3ac60, README; the constants in its code are 10 × 20. Its words are BPE tokens |
 * | marin | 26 × 11 | 5 characters, cleaned | marin-community/marin 00c8547, deduplication/fuzzy_minhash.py, and 447ef52, rust/dupekit/src/minhash_ops.rs. It cuts texts at 500,000 characters |
 *
 * They fix which pages become candidates, and how often (`describeCurve`). Words are those of shingles.ts and hash
 * functions are ours; only `parity: datatrove` reproduces anybody's. A similarity means something for one kind of shingle
 * only: pages that share 0.8 of their runs of five characters may share half of their runs of five words.
 */

/** Words (shingles.ts), characters of the text as it is, or of the text in lower case without ASCII punctuation. */
export const UNITS = ["words", "chars", "clean-chars"] as const;
export type Unit = (typeof UNITS)[number];

/** What candidates are found by. */
export interface MinhashSettings {
  readonly bands: number;
  /** Hashes in a band. */
  readonly rows: number;
  /** Units in a shingle. */
  readonly ngram: number;
  readonly unit: Unit;
}

const CONFIGURATIONS = {
  fineweb: { bands: 14, rows: 8, ngram: 5, unit: "words" },
  refinedweb: { bands: 450, rows: 20, ngram: 5, unit: "words" },
  nemo: { bands: 20, rows: 13, ngram: 24, unit: "chars" },
  dclm: { bands: 93, rows: 15, ngram: 5, unit: "words" },
  duplodocus: { bands: 20, rows: 5, ngram: 5, unit: "words" },
  marin: { bands: 26, rows: 11, ngram: 5, unit: "clean-chars" },
} as const satisfies Record<string, MinhashSettings>;

export type ConfigurationName = keyof typeof CONFIGURATIONS;
export const CONFIGURATION_NAMES = Object.keys(CONFIGURATIONS) as [ConfigurationName, ...ConfigurationName[]];

/** The named configuration, with what is given beside it put in its place. */
export function settingsOf(params: {
  readonly config: ConfigurationName;
  readonly bands?: number | undefined;
  readonly rows?: number | undefined;
  readonly ngram?: number | undefined;
  readonly unit?: Unit | undefined;
}): MinhashSettings {
  const named = CONFIGURATIONS[params.config];
  return {
    bands: params.bands ?? named.bands,
    rows: params.rows ?? named.rows,
    ngram: params.ngram ?? named.ngram,
    unit: params.unit ?? named.unit,
  };
}
