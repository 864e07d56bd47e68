/** What the models of an experiment are measured on: held-out domains, the crawl's own held-out pages, tasks. */
import { resolve } from "node:path";
import { isHeldOut } from "../../pipeline/page-sample.ts";
import type { Tokenizer } from "../../pipeline/tokenizer.ts";
import { keptPages, type Run } from "../accounts/index.ts";
import { domainOf, type HeldOutDomain, hostOf, readDomain, type WholeText } from "../measure/documents.ts";
import { readTask, type Task } from "../measure/tasks/index.ts";
import type { Experiment } from "./experiment.ts";

export interface MeasuredText {
  readonly heldOut: readonly HeldOutDomain[];
  /** Pages of the base that no arm is trained on. */
  readonly shift: HeldOutDomain | undefined;
  readonly tasks: readonly Task[];
}

/** What the domain of the crawl's own pages is called. */
const SHIFT = "the crawl itself";

export async function readMeasuredText(experiment: Experiment, base: Run, tokenizer: Tokenizer): Promise<MeasuredText> {
  const { heldOut, tasks, shift, folder } = experiment;
  const paths = (files: readonly string[]): string[] =>
    files.map((file) => (/^https?:\/\//i.test(file) ? file : resolve(folder, file)));
  const domains: HeldOutDomain[] = [];
  for (const [name, files] of Object.entries(heldOut?.domains ?? {})) {
    domains.push(await readDomain(name, paths(files), { maxBytes: heldOut!.maxBytes }));
  }
  const read: Task[] = [];
  for (const [name, { files, format, shots, limit, mutualInfo }] of Object.entries(tasks)) {
    const options = {
      ...(format !== undefined && { format }),
      ...(limit !== undefined && { limit }),
      ...(mutualInfo !== undefined && { mutualInfo }),
      ...(shots !== undefined && { shots: { ...shots, files: paths(shots.files) } }),
    };
    read.push(await readTask(name, paths(files), options));
  }
  return {
    heldOut: domains,
    shift: shift === 0 ? undefined : await crawlItself(base, tokenizer, shift, heldOut?.maxBytes),
    tasks: read,
  };
}

async function crawlItself(
  base: Run,
  tokenizer: Tokenizer,
  share: number,
  maxBytes = Number.POSITIVE_INFINITY,
): Promise<HeldOutDomain | undefined> {
  const pages: WholeText[] = [];
  for await (const { id, url, text } of keptPages(base, tokenizer, (page) => isHeldOut(page, share))) {
    pages.push({ id, text, cluster: hostOf(url) ?? id });
  }
  return domainOf(SHIFT, pages, maxBytes);
}
