import { digestOf } from "../../pipeline/canonical.ts";
import { engineFingerprint } from "../../pipeline/modules.ts";
import { keptPages, type Run } from "../accounts/index.ts";
import { HeldOutGrams, type Overlap } from "../guards/index.ts";
import type { TaskItem } from "../measure/tasks/index.ts";
import type { MeasuredText } from "./measured-text.ts";
import type { Prepared, PreparedArm } from "./prepare.ts";
import { computeOnce, type Workshop } from "./units.ts";

/** How much of what is measured on stood in what an arm may be trained on. */
export async function overlapsOf(
  { arm }: PreparedArm,
  run: Run,
  { heldOut, tasks }: MeasuredText,
  { tokenizer }: Prepared,
  workshop: Workshop,
): Promise<Overlap[]> {
  const texts = [
    ...heldOut.map(({ name, documents }) => ({ domain: name, items: documents })),
    ...tasks.map(({ name, items }) => ({
      domain: name,
      items: items.map((item) => ({ id: item.id, text: textOf(item) })),
    })),
  ];
  const decidedBy = {
    run: run.manifest.id,
    // What is kept speaks of them by name.
    names: [arm.name, ...texts.map(({ domain }) => domain)],
    texts: [...heldOut.map(({ sha256 }) => sha256), ...tasks.map((task) => digestOf(task))],
    code: engineFingerprint(["eval/guards", "eval/accounts", "pipeline/text", "tokenizer"]),
  };
  return computeOnce(
    workshop,
    { kind: "overlap", unit: `overlap of ${arm.name} with what is measured on`, decidedBy },
    () => new HeldOutGrams(texts).overlapsOf(arm.name, textsOf(run, tokenizer)),
  );
}

async function* textsOf(run: Run, tokenizer: Prepared["tokenizer"]): AsyncGenerator<string> {
  for await (const { text } of keptPages(run, tokenizer)) yield text;
}

/** What an item asks: its answers are too short to tell. */
function textOf(item: TaskItem): string {
  switch (item.kind) {
    case "choice":
    case "continuation":
      return item.context;
    case "partial-context":
      return `${item.contexts[item.gold]!} ${item.continuation}`;
    case "rolling":
      return item.original;
  }
}
