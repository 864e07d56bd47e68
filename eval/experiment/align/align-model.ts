import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { digestOf } from "../../../pipeline/canonical.ts";
import { engineFingerprint } from "../../../pipeline/modules.ts";
import { RUN_MANIFEST } from "../../../trainer/checkpoint/trained-model.ts";
import { jsonOf, type Store } from "../store.ts";
import { trainApart } from "../train-apart.ts";
import { isWholeModel, reopenModel, runUnit, sealOf, TRAINING, type Workshop } from "../units.ts";
import type { PreparedStage } from "./prepare-alignment.ts";

/** A model, as far as it is used: where it is, and its digest. */
export interface ModelFile {
  readonly dir: string;
  readonly sha256: string;
}

export interface Aligned extends ModelFile {
  /** Of the final checkpoint. */
  readonly digest: string;
  readonly steps: number;
  /** Tokens, labels, judgements: what the method counted. */
  readonly spent: Readonly<Record<string, number>>;
}

/** A model put through a stage; `onShare` is told how far it is. */
export async function alignModel(
  name: string,
  stage: PreparedStage,
  { from, seed, tokenizer }: { readonly from: ModelFile; readonly seed: number; readonly tokenizer: string },
  workshop: Workshop,
  onShare: (share: number) => void,
): Promise<Aligned> {
  const code = engineFingerprint(TRAINING);
  const key = digestOf({ stage: stage.identity, from: from.sha256, seed, tokenizer, code });
  const dir = workshop.store.place("aligned", key);
  const unit = `align ${name}: ${stage.name}`;
  const isWhole = hasAligned(workshop.store, key) && (await isWholeModel(dir));
  await runUnit(workshop, { kind: "aligned", unit, key }, isWhole, async () => {
    reopenModel(dir);
    const config = { ...stage.work.config, from: from.dir, out: dir, seed };
    const onNote = (message: string): void => workshop.emit({ type: "note", unit, message });
    await trainApart({ ...stage.work, config }, { onShare, onNote, signal: workshop.signal });
  });
  const sha256 = await sealOf(dir);
  const { digest, steps, spent } = Finished.parse(JSON.parse(readFileSync(join(dir, RUN_MANIFEST), "utf8"))).result;
  return { dir, sha256, digest, steps, spent };
}

const Finished = z.object({
  result: z.object({ digest: z.string(), steps: z.int(), spent: z.record(z.string(), z.number()) }),
});

function hasAligned(store: Store, key: string): boolean {
  return Finished.safeParse(jsonOf(join(store.place("aligned", key), RUN_MANIFEST))).success;
}
