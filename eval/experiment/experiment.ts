/**
 * An experiment says what is believed before it is looked at: a hypothesis, a base recipe, variants that are each a difference
 * from it, and what all arms have in common (model, tokenizer, budget, seeds, held-out text). Written in YAML or JSON; here its
 * form is checked. Whether it is an experiment at all is for `lint.ts`.
 */
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { RecipeError } from "../../pipeline/errors.ts";
import { readMappingFile } from "../../pipeline/mapping-file.ts";
import { firstMistake } from "../../pipeline/schema-error.ts";
import { Data, Drawing, VerifierUse } from "../../trainer/align/config.ts";
import { METHODS } from "../../trainer/align/methods/index.ts";
import { TemplateChoice } from "../../trainer/align/templates/template.ts";

export const Use = z.strictObject({
  use: z.string(),
  with: z.record(z.string(), z.unknown()).optional(),
  as: z.string().optional(),
});
export type Use = z.output<typeof Use>;

const names = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$/, 'letters, digits, ".", "_", "+" and "-"');
const files = z.union([z.string(), z.array(z.string()).min(1)]).transform((one) => (Array.isArray(one) ? one : [one]));

const Base = z.strictObject({
  name: names.default("base"),
  recipe: z.string().optional().describe("a recipe file; its sink is left aside"),
  source: Use.optional().describe("instead of a recipe file"),
  stages: z.array(Use).optional(),
});

const Variant = z.strictObject({
  name: names,
  source: Use.optional().describe("another source than the base's"),
  remove: z.array(z.string()).default([]).describe("stages of the base that it does without, by name"),
  set: z
    .record(z.string(), z.unknown())
    .default({})
    .describe("other parameters of the base's stages: `language.min: 0.8`"),
  add: z
    .array(Use.extend({ before: z.string().optional().describe("the stage that it comes before; by default the end") }))
    .default([])
    .describe("stages that it has beyond the base's"),
});
export type Variant = z.output<typeof Variant>;

const Task = z.preprocess(
  (task) => (typeof task === "string" || Array.isArray(task) ? { files: task } : task),
  z.strictObject({
    files,
    format: z.string().optional().describe("by default told by the fields of its first row"),
    shots: z
      .strictObject({ files, count: z.int().min(1) })
      .optional()
      .describe("solved examples before each question"),
    limit: z.int().min(1).optional().describe("items at most, the first; of each group where there are groups"),
    mutualInfo: z
      .boolean()
      .optional()
      .describe("also score choices without context, for acc_mutual_info: twice the work"),
  }),
);

const price = z.number().min(0);

const AlignStage = z.strictObject({
  name: names,
  method: z.enum([...METHODS.keys()] as [string, ...string[]]),
  with: z
    .record(z.string(), z.unknown())
    .default({})
    .describe("fields of the method's config; what the experiment decides is left out: from, out, seed, tokenizer …"),
});

const Align = z.strictObject({
  template: TemplateChoice.default("chat"),
  stages: z
    .array(AlignStage)
    .min(1)
    .describe("one after the other, the same for every model: each begins with what the one before it came to"),
  measure: z
    .strictObject({
      prompts: Data.describe("files of prompts; with `validation`, those that a stage with the same share leaves out"),
      verify: z.array(VerifierUse).min(1).describe("what answers are scored by"),
      samples: z.int().min(1).default(1).describe("answers to each prompt"),
      ...Drawing,
      temperature: z.number().min(0).default(0),
    })
    .optional()
    .describe("answers that are scored before and after each stage, beside the loss on held-out text"),
});
export type Align = z.output<typeof Align>;

export const ExperimentFile = z.strictObject({
  name: z.string().default("experiment").describe("a name for people; part of no result"),
  hypothesis: z.string().optional().describe("what is believed to come out, in words"),
  metric: z
    .enum(["bits-per-byte", "answer-bits-per-byte"])
    .default("bits-per-byte")
    .describe("of held-out documents (mean over domains), or of tasks' gold answers (mean over tasks)"),
  expect: z
    .strictObject({
      arm: names,
      against: names.optional().describe("by default the base"),
      sign: z.enum(["better", "worse", "equal"]),
      by: z.number().positive().describe("how much, in bits per byte: the planner asks whether that can be found"),
    })
    .optional(),
  factor: files.optional().describe("what arms may differ in: `stages`, `source`, or names of stages"),
  base: Base,
  variants: z.array(Variant).min(1),
  ablate: names.optional().describe("an arm whose own stages are left out one at a time, each as an arm of its own"),
  model: z.union([z.string(), z.record(z.string(), z.unknown())]).describe("as in a training config"),
  tokenizer: z.string().default("gpt2").describe("a name, or the path of one that was trained on none of the variants"),
  budget: z
    .strictObject({
      tokens: z.int().min(1).optional(),
      bytes: z.int().min(1).optional(),
      flops: z.number().positive().optional(),
    })
    .describe("what every arm is trained for: one of the three"),
  train: z
    .record(z.string(), z.unknown())
    .default({})
    .describe("further fields of a training config: contextLength, sequences, schedule, optimizer, backend …"),
  seeds: z
    .union([z.int().min(1).max(1000), z.array(z.int().min(0)).min(1)])
    .default(3)
    .transform((seeds) => (Array.isArray(seeds) ? seeds : Array.from({ length: seeds }, (_, n) => n + 1)))
    .describe("how many, or which: each decides initialisation, order and pages, the same for every arm"),
  dataShare: z
    .number()
    .gt(0)
    .max(1)
    .default(0.5)
    .describe("the part of an arm's pages that each seed draws: the choice of pages is a source of noise, too"),
  heldOut: z
    .strictObject({
      domains: z.record(names, files).describe("name → files of text or JSONL"),
      maxBytes: z.int().min(1).default(200_000).describe("of a domain; documents are chosen by hash"),
    })
    .optional(),
  shift: z
    .number()
    .min(0)
    .max(0.5)
    .default(0.02)
    .describe("this part of the base's pages is trained on by no arm; the loss on it is shown and ranks nothing"),
  tasks: z.record(names, Task).default({}).describe("name → files of a task"),
  pairs: z
    .enum(["all", "base"])
    .default("all")
    .describe(
      "which arms are compared: every two, or each variant with the base; fewer pairs are decided less strictly",
    ),
  noise: z
    .strictObject({ runs: z.int().min(3).max(200) })
    .optional()
    .describe("measure the seeds' noise on so many further runs of the base, which differ in the seed alone (A/A)"),
  align: Align.optional().describe("what every model is put through, to see whether what won before still wins"),
  costs: z
    .strictObject({
      currency: z.string().default("EUR"),
      cpuHour: price.optional(),
      gpuHour: price.optional(),
      sources: z
        .record(
          z.string(),
          z.strictObject({ page: price.optional(), gigabyte: price.optional(), flat: price.optional() }),
        )
        .default({})
        .describe("what the pages of an input file cost, by its name"),
    })
    .optional(),
  samples: z.int().min(0).max(200).default(12).describe("pages to show that one arm kept and another dropped"),
  pageText: z.boolean().default(true).describe("whether reports may hold text of pages; else URLs and hashes alone"),
  out: z.string().default("comparison").describe("folder of the report"),
});

type Parsed = z.output<typeof ExperimentFile>;

/** An experiment whose form is right. Paths in it are relative to `folder`. */
export interface Experiment extends Parsed {
  readonly folder: string;
  /** Where a message about a field points: the file and line. */
  readonly locate: (keys: readonly PropertyKey[]) => string;
}

/** Reads an experiment file. Raises RecipeError with the line, what was found and what was expected. */
export function readExperiment(path: string): Experiment {
  const { value, locate } = readMappingFile(path, {
    missing: "no such file (give the path of an experiment)",
    what: "an experiment",
    fields: "hypothesis, base, variants, model, budget and heldOut",
  });
  return experimentOf(value, { folder: dirname(resolve(path)), locate });
}

/** The same for an experiment given as a value. */
export function experimentOf(
  value: unknown,
  { folder = process.cwd(), locate = () => "experiment" }: Partial<Pick<Experiment, "folder" | "locate">> = {},
): Experiment {
  const parsed = ExperimentFile.safeParse(value, { reportInput: true });
  if (!parsed.success) {
    throw new RecipeError(firstMistake(parsed.error, ExperimentFile, (path) => `${locate(path)}: experiment`));
  }
  return { ...parsed.data, folder, locate };
}
