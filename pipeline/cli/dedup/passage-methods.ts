/** A method that cuts passages out of documents: both looks at every document, and what is left as a file of its own. */
import { closeSync, openSync, writeSync } from "node:fs";
import { StageError } from "../../errors.ts";
import { cutOut } from "../../passages.ts";
import type { Cut, PassagesDefinition, SetupContext } from "../../stage.ts";
import { isDropped } from "../../verdict.ts";
import { parseExactly } from "../filter/pages.ts";
import { plural } from "../show.ts";
import type { Output } from "../tokenizer/output.ts";
import type { DocumentRow } from "./documents.ts";
import { LineWriter } from "./line-writer.ts";
import { type Method, methodName } from "./methods.ts";
import type { Work } from "./work.ts";

const MEMORY_BYTES = 512 << 20;

export async function runPassageMethod(
  method: Method,
  work: Work,
  context: SetupContext,
  keepEmpty: boolean,
): Promise<void> {
  const definition = method.definition as PassagesDefinition;
  const { params } = method.spec;
  const name = methodName(method);
  const index = definition.openIndex(params as never, { scratch: work.scratch.folder(), memoryBytes: MEMORY_BYTES });
  const file = work.scratch.path("left.jsonl");
  const lines = new LineWriter(openScratchFile(file), file);
  /** Numbers of the documents as the index counts them, and of those that go on. */
  const shown: number[] = [];
  const left: number[] = [];
  let twinless = 0;
  try {
    if (index.observe !== undefined) {
      for await (const { number, page } of work.rows(`${name}: first look`)) {
        blaming(name, work.ids.of(number), () => index.observe!(page));
      }
    }
    for (const _ of index.settle?.() ?? []) work.progress(`${name}: between the looks`, undefined);
    for await (const row of work.rows(`${name}: cutting`)) {
      const { number, page } = row;
      shown.push(number);
      const { cuts, text, measured, verdict } = blaming(name, work.ids.of(number), () => {
        const cuts = index.cuts(page);
        return { cuts, ...cutOut(page.text, cuts, definition, params) };
      });
      for (const { twin } of cuts) if (twin === undefined) twinless++;
      work.countCuts(name, measured.cuts, measured.cutShare * page.text.length);
      const isGone = isDropped(verdict) && !(keepEmpty && measured.charsLeft === 0);
      if (isDropped(verdict) && isGone) work.drop(number, name, verdict.reason);
      else {
        left.push(number);
        await lines.write(cuts.length === 0 ? row.bytes : withText(row, text));
      }
      for (const [twin, share] of sharesByTwin(cuts, page.text.length, shown)) {
        if (twin === number) continue;
        const removed = isGone ? number : undefined;
        await work.pair({ one: number, other: twin, similarity: share, reason: "", name, removed, cut: number });
      }
    }
    await lines.finish();
  } finally {
    index.close?.();
    await lines.discard();
  }
  if (twinless > 0 && work.pairsWanted) {
    work.limits.push(
      `${name}: pairs for ${plural(twinless, "passage")} of which the method cannot tell where else they are`,
    );
  }
  await work.moveTo(file, left, context);
}

/** What an index throws ends the command: it holds what all documents come to. */
function blaming<T>(name: string, page: string, look: () => T): T {
  try {
    return look();
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    throw new StageError(name, page, error);
  }
}

/** The row as it was, but for its text. */
function withText({ bytes }: DocumentRow, text: string): string {
  return JSON.stringify({ ...(parseExactly(bytes) as object), text });
}

/** For each document in which passages of a text stay: their share of the text. */
function sharesByTwin(cuts: readonly Cut[], units: number, shown: readonly number[]): Map<number, number> {
  const shares = new Map<number, number>();
  for (const { start, end, twin } of cuts) {
    if (twin === undefined) continue;
    const number = shown[twin];
    if (number === undefined) {
      throw new RangeError(
        `twin ${twin}: expected the number of a document that has been looked at, below ${shown.length}`,
      );
    }
    shares.set(number, (shares.get(number) ?? 0) + (end - start) / units);
  }
  return shares;
}

function openScratchFile(path: string): Output {
  const fd = openSync(path, "w");
  let isOpen = true;
  const close = async () => {
    if (isOpen) closeSync(fd);
    isOpen = false;
  };
  return {
    write: async (bytes) => {
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
    },
    finish: close,
    discard: close,
  };
}
