/** A trained model, ready to be asked. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Respondent } from "../../../eval/alignment/ask.ts";
import { TEMPLATES } from "../../../trainer/align/templates/built-ins.ts";
import { Template } from "../../../trainer/align/templates/template.ts";
import type { Backend } from "../../../trainer/backends/backend.ts";
import { STATE } from "../../../trainer/checkpoint/checkpoint.ts";
import { loadTrainedModel, RUN_MANIFEST } from "../../../trainer/checkpoint/trained-model.ts";
import { Transformer } from "../../../trainer/model/transformer.ts";
import { RecipeError } from "../../errors.ts";
import { tokenizerOf } from "../tokenizer-of.ts";

interface RespondentOptions {
  readonly backend: Backend;
  /** A path, where the model's own name does not lead to it. */
  readonly tokenizer: string | undefined;
  /** By default the one that it was aligned with. */
  readonly template: Template | undefined;
  readonly note: (message: string) => void;
}

/** A run's folder, or a checkpoint's. */
export async function respondentOf(folder: string, given: RespondentOptions): Promise<Respondent> {
  const trained = await loadTrainedModel(folder);
  const tokenizer = await tokenizerOf(trained.tokenizer, given.tokenizer);
  if (tokenizer === undefined) {
    throw new RecipeError(
      `${folder}: its tokenizer "${trained.tokenizer.name}" is not to be found; give its path (--tokenizer)`,
    );
  }
  const own = templateOf(folder);
  const template = given.template ?? own ?? TEMPLATES.chat!;
  if (own !== undefined && JSON.stringify(own) !== JSON.stringify(template)) {
    given.note(`${folder}: was aligned with template ${own.name}, is asked with ${template.name}`);
  }
  return {
    name: folder,
    model: new Transformer(trained.config),
    values: trained.parameters,
    tokenizer,
    template,
    backend: given.backend,
  };
}

/** The template that an alignment used: its manifest tells, and so does each of its checkpoints. */
function templateOf(folder: string): Template | undefined {
  const told = [
    [RUN_MANIFEST, "identity"],
    [STATE, "config"],
  ].find(([file]) => existsSync(join(folder, file!)))!;
  const [file, field] = told as [string, string];
  const value = JSON.parse(readFileSync(join(folder, file), "utf8")) as Record<string, { template?: unknown }>;
  const parsed = Template.safeParse(value[field]?.template);
  return parsed.success ? parsed.data : undefined;
}
