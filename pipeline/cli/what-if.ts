import { closeSync, openSync, statSync, writeSync } from "node:fs";
import { dirname, isAbsolute, relative, resolve, sep } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { parse } from "yaml";
import { registry } from "../../index.ts";
import { RecipeError } from "../errors.ts";
import {
  DEFAULT_EXAMPLES,
  type Example,
  type Fate,
  type Outcomes,
  type RecordedPage,
  type Side,
  type WhatIfReport,
  whatIf,
} from "../what-if.ts";
import { wholeNumber } from "./numbers.ts";
import { bytes, count, table } from "./show.ts";

interface Flags {
  set: Map<string, unknown>;
  pages?: string;
  examples: number;
  json?: boolean;
}

export function whatIfCommand(): Command {
  return new Command("what-if")
    .description(
      "Tell what a finished run would have kept with other thresholds, from its ledger: nothing is read again.",
    )
    .argument("<run>", "output folder of a finished run")
    .requiredOption(
      "--set <stage.param=value>",
      "a threshold's other value (YAML); may be given several times",
      collect,
    )
    .option("--examples <n>", "pages shown that change side, each way", wholeNumber, DEFAULT_EXAMPLES)
    .option("--pages <file>", "write every page with what would become of it, one JSON object a line")
    .option("--json", "the report as JSON")
    .addHelpText(
      "after",
      "\nExample:\n  sluice what-if out --set gopher-quality.minWords=30 --set minhash-dedup.minJaccard=0.7\n\nThresholds can be drawn tighter after any run. What looser ones would keep is known of runs with `scores: all`;\nof others, pages that later stages did not measure are told as unknown.\n",
    )
    .action(async (run: string, flags: Flags) => {
      const file = flags.pages === undefined ? undefined : new PageLines(flags.pages, run);
      try {
        const report = await whatIf(run, flags.set, {
          registry,
          examples: flags.examples,
          ...(file === undefined ? {} : { onPage: (page, fate) => file.write(page, fate) }),
        });
        file?.finish();
        console.log(flags.json === true ? JSON.stringify(report) : inWords(report));
      } finally {
        file?.close();
      }
    });
}

function collect(text: string, before: Map<string, unknown> = new Map()): Map<string, unknown> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError(`expected STAGE.PARAMETER=VALUE, found ${JSON.stringify(text)}`);
  const place = text.slice(0, at);
  if (before.has(place)) throw new InvalidArgumentError(`${place} is set twice`);
  try {
    return before.set(place, parse(text.slice(at + 1)));
  } catch {
    throw new InvalidArgumentError(`${place}: expected a value in YAML, found ${JSON.stringify(text.slice(at + 1))}`);
  }
}

const BLOCK_CHARS = 1 << 20;

/** A file is replaced once there are answers to write: a question that is refused leaves it as it was. */
class PageLines {
  readonly #path: string;
  #fd: number | undefined;
  #block = "";

  constructor(path: string, run: string) {
    this.#path = path;
    const inRun = relative(resolve(run), resolve(path));
    if (!isAbsolute(inRun) && inRun.split(sep)[0] !== "..") {
      throw new RecipeError(`--pages ${path}: lies in the folder of the run, which keeps only its own files`);
    }
    const found = statSync(path, { throwIfNoEntry: false }) ?? statSync(dirname(path), { throwIfNoEntry: false });
    if (found === undefined) throw new RecipeError(`--pages ${path}: found no folder ${dirname(path)}; make it first`);
  }

  write({ id, url, fate: before }: RecordedPage, { outcome, stage, reason, value }: Fate): void {
    const isSame = outcome === before.outcome && stage === before.stage && reason === before.reason;
    const was = isSame ? undefined : { outcome: before.outcome, stage: before.stage, reason: before.reason };
    this.#block += `${JSON.stringify({ id, url, outcome, stage, reason, value, was })}\n`;
    if (this.#block.length >= BLOCK_CHARS) this.#flush();
  }

  finish(): void {
    this.#flush();
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
  }

  #flush(): void {
    this.#fd ??= openToWrite(this.#path);
    const block = Buffer.from(this.#block);
    this.#block = "";
    for (let at = 0; at < block.length; ) at += writeSync(this.#fd, block, at);
  }
}

function openToWrite(path: string): number {
  try {
    return openSync(path, "w");
  } catch (error) {
    throw new RecipeError(`--pages ${path}: cannot be written (${(error as Error).message})`);
  }
}

/** How much that is, where both round to the same, and what is left out of it. */
function textNote(before: Outcomes, after: Outcomes, unknown: WhatIfReport["unknown"]): string {
  const difference = after.textBytes - before.textBytes;
  const notes = [
    ...(difference === 0 ? [] : [`${difference < 0 ? "−" : "+"}${bytes(Math.abs(difference))}`]),
    ...(Object.keys(unknown).length === 0 ? [] : ["without what is unknown"]),
  ];
  return notes.length === 0 ? "" : ` (${notes.join("; ")})`;
}
function inWords({ changes, before, after, entering, leaving, otherReason, unknown }: WhatIfReport): string {
  return [
    ...changes.map(({ stage, parameter, from, to }) => `${stage}.${parameter}: ${shown(from)} → ${shown(to)}`),
    "",
    funnels(before, after),
    "",
    `  text kept  ${bytes(before.textBytes)} → ${bytes(after.textBytes)}${textNote(before, after, unknown)}`,
    ...(before.tokens !== undefined && after.tokens !== undefined && after.tokens > 0
      ? [`  tokens     ${count(before.tokens)} → ${count(after.tokens)}`]
      : []),
    ...sideInWords("newly kept", "before dropped by", entering),
    ...sideInWords("newly dropped", "by", leaving),
    ...(otherReason === 0 ? [] : ["", `dropped by another stage or for another reason: ${count(otherReason)}`]),
    ...Object.entries(unknown).flatMap(([reason, was]) => ["", ...unknownInWords(reason, was)]),
  ].join("\n");
}

function funnels(before: Outcomes, after: Outcomes): string {
  const passedAfter = new Map(after.funnel);
  const rows = before.funnel.map(
    ([step, passed]) => [`after ${step}`, passed, passedAfter.get(step) ?? passed] as const,
  );
  const all = [["entered", before.pages, after.pages] as const, ...rows];
  const unknown = after.unknown === 0 ? [] : [["  of these unknown", "", count(after.unknown), ""]];
  return table([
    ["", "before", "now", ""],
    ...all.map(([step, was, now]) => [step, count(was), count(now), was === now ? "" : difference(now - was)]),
    ...unknown,
  ]);
}

function difference(n: number): string {
  return `${n > 0 ? "+" : "−"}${count(Math.abs(n))}`;
}

function sideInWords(what: string, who: string, { pages, textBytes, by, examples }: Side): string[] {
  if (pages === 0) return [];
  const reasons = Object.entries(by).flatMap(([stage, ofStage]) =>
    Object.entries(ofStage).map(([reason, n]) => [`${stage} ${reason}`, n] as const),
  );
  const listed = reasons.sort((a, b) => b[1] - a[1]).map(([reason, n]) => `${reason} ${count(n)}`);
  return [
    "",
    `${what}: ${count(pages)} (${bytes(textBytes)}), ${who} ${listed.join(", ")}`,
    ...examples.flatMap(exampleInWords),
  ];
}

function exampleInWords({ url, id, textBytes, stage, reason, value, scores, text }: Example): string[] {
  const measured = Object.entries(scores).map(([name, score]) => `${name} ${rounded(score)}`);
  const decided = value === undefined ? reason : `${reason} ${rounded(value)}`;
  return [
    `  ${url === "" ? id : url}  (${bytes(textBytes)})`,
    `    ${stage}: ${decided}${measured.length === 0 ? "" : ` of ${measured.join(", ")}`}`,
    ...(text === undefined ? [] : [`    “${text.replace(/\s+/g, " ").trim()}”`]),
  ];
}

function unknownInWords(reason: string, was: Readonly<Record<string, number>>): string[] {
  const pages = Object.values(was).reduce((sum, one) => sum + one, 0);
  const listed = Object.entries(was).map(([outcome, n]) => `${outcome} ${count(n)}`);
  return [`unknown: ${count(pages)} (before ${listed.join(", ")}), ${BECAUSE[reason] ?? reason}`];
}

const BECAUSE: Readonly<Record<string, string>> = {
  "not-measured": "since later stages did not measure them: a run with `scores: all` answers for these",
  split: "since a map would split them",
  "may-be-duplicate": "since they may be duplicates of pages that are unknown themselves",
};

function rounded(value: number): string {
  return Number.isInteger(value) ? count(value) : value.toPrecision(4);
}

function shown(value: unknown): string {
  return value === undefined ? "none" : JSON.stringify(value);
}
