/** What the models of an experiment are measured on: held-out domains, the crawl's own held-out pages, tasks. */
import { resolve } from "node:path";
import { digestOf } from "../../pipeline/canonical.ts";
import { isHeldOut } from "../../pipeline/page-sample.ts";
import { drawUniform } from "../../pipeline/random.ts";
import type { Tokenizer } from "../../pipeline/tokenizer.ts";
import { keptPages, type Run } from "../accounts/index.ts";
import { type HeldOutDocument, type HeldOutDomain, readDomain } from "../measure/documents.ts";
import { readTask, type Task } from "../measure/tasks/index.ts";
import type { Experiment } from "./experiment.ts";

export interface MeasuredText {
  readonly heldOut: readonly HeldOutDomain[];
  /** Pages of the base that no arm is trained on. */
  readonly shift: HeldOutDomain | undefined;
  readonly tasks: readonly Task[];
}

/** What the domain of the crawl's own pages is called. */
export const SHIFT = "the crawl itself";

export async function readMeasuredText(experiment: Experiment, base: Run, tokenizer: Tokenizer): Promise<MeasuredText> {
  const { heldOut, tasks, shift, folder } = experiment;
  const paths = (files: readonly string[]): string[] =>
    files.map((file) => (/^https?:\/\//i.test(file) ? file : resolve(folder, file)));
  const domains: HeldOutDomain[] = [];
  for (const [name, files] of Object.entries(heldOut?.domains ?? {})) {
    domains.push(await readDomain(name, paths(files), { maxBytes: heldOut!.maxBytes }));
  }
  const read: Task[] = [];
  for (const [name, { files, format, shots, limit }] of Object.entries(tasks)) {
    const options = {
      ...(format !== undefined && { format }),
      ...(limit !== undefined && { limit }),
      ...(shots !== undefined && { shots: { ...shots, files: paths(shots.files) } }),
    };
    read.push(await readTask(name, paths(files), options));
  }
  const own =
    shift > 0 ? await heldOutPages(base, tokenizer, shift, heldOut?.maxBytes ?? Number.POSITIVE_INFINITY) : [];
  return {
    heldOut: domains,
    shift: own.length === 0 ? undefined : { name: SHIFT, sha256: digestOf(own), documents: own },
    tasks: read,
  };
}

async function heldOutPages(
  base: Run,
  tokenizer: Tokenizer,
  share: number,
  maxBytes: number,
): Promise<HeldOutDocument[]> {
  const documents: HeldOutDocument[] = [];
  for await (const { id, url, text } of keptPages(base, tokenizer, (page) => isHeldOut(page, share))) {
    const cluster = URL.canParse(url) ? new URL(url).hostname : id;
    documents.push({ id, text, bytes: Buffer.byteLength(text), cluster });
  }
  const drawn = documents
    .map((document) => ({ document, draw: drawUniform(0, "measured pages", document.id) }))
    .sort((a, b) => a.draw - b.draw);
  const chosen = new Set<HeldOutDocument>();
  let bytes = 0;
  for (const { document } of drawn) {
    if (bytes > 0 && bytes + document.bytes > maxBytes) continue;
    chosen.add(document);
    bytes += document.bytes;
  }
  return documents.filter((document) => chosen.has(document) && document.bytes > 0);
}
