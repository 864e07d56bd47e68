/** Compares what a run made of the demo crawl with what was planted in it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadTokenizer } from "../../../tokenizer/load.ts";
import type { LedgerPage } from "../../ledger.ts";
import { ledgerRows, type ScoreRow } from "../../ledger-reader.ts";
import { readManifest } from "../../manifest.ts";
import { openShard } from "../../shard.ts";
import type { DemoLabel } from "./generate.ts";

export interface DemoCheck {
  /** By kind of plant: how many there are, and how many met the fate that was planned for them. */
  readonly kinds: Readonly<Record<string, { readonly planted: number; readonly asPlanned: number }>>;
  readonly surprises: readonly Surprise[];
}
export interface Surprise {
  readonly url: string;
  readonly planted: string;
  readonly expected: string;
  readonly found: string;
}

/** The run's sink is shards of GPT-2 tokens. */
export async function checkDemo(run: string, labelsPath: string): Promise<DemoCheck> {
  const fates = new Map<string, LedgerPage>();
  for await (const page of ledgerRows<LedgerPage>(join(run, "ledger", "pages.parquet"), "url", () => true))
    fates.set(page.url, page);
  const lines = readFileSync(labelsPath, "utf8").trimEnd().split("\n");
  const labels = lines.map((line) => JSON.parse(line) as DemoLabel);
  const masked = await readMasked(run, labels);
  const kinds: Record<string, { planted: number; asPlanned: number }> = {};
  const surprises: Surprise[] = [];
  for (const label of labels) {
    const fate = fates.get(label.url);
    fates.delete(label.url);
    kinds[label.planted] ??= { planted: 0, asPlanned: 0 };
    const kind = kinds[label.planted]!;
    kind.planted++;
    const surprise = isAsPlanned(label, fate) ? masked.surpriseAt(label, fate) : surpriseOf(label, fate);
    if (surprise === undefined) kind.asPlanned++;
    else surprises.push({ url: label.url, planted: label.planted, ...surprise });
  }
  for (const { url, outcome } of fates.values())
    surprises.push({ url, planted: "nothing", expected: "no such page", found: outcome });
  return { kinds, surprises };
}

type Difference = Pick<Surprise, "expected" | "found">;

function surpriseOf(label: DemoLabel, fate: LedgerPage | undefined): Difference {
  return {
    expected: describe(label),
    found: fate === undefined ? "lost" : `${fate.outcome} ${fate.stage} ${fate.reason}`.trim(),
  };
}

function isAsPlanned({ expect, by }: DemoLabel, fate: LedgerPage | undefined): boolean {
  if (expect === "lost") return fate === undefined;
  if (fate?.outcome !== expect) return false;
  return by === undefined || by.includes(fate.stage);
}

function describe({ expect, by }: DemoLabel): string {
  return by === undefined ? expect : `${expect} by ${by.join(" or ")}`;
}

/**
 * What was masked in pages that are kept: as much as was planted, and where it was. The stage changes nothing but what it
 * counts, so that where nothing was planted and nothing is counted, nothing has changed.
 */
async function readMasked(
  run: string,
  labels: readonly DemoLabel[],
): Promise<{ surpriseAt(label: DemoLabel, fate: LedgerPage | undefined): Difference | undefined }> {
  const counts = new Map<string, Record<string, number>>();
  for await (const { id, name, value } of ledgerRows<ScoreRow>(
    join(run, "ledger", "scores.parquet"),
    "stage",
    (stage) => stage === "pii",
  )) {
    counts.set(id, { ...counts.get(id), [name]: value });
  }
  const texts = await readTexts(
    run,
    new Set(labels.filter(({ personal }) => personal !== undefined).map(({ url }) => url)),
  );
  return {
    surpriseAt: ({ url, expect, personal, contains }, fate) => {
      if (expect !== "kept") return undefined;
      const expected = tell(personal ?? { emails: 0, phones: 0, ips: 0 });
      const { emails = 0, phones = 0, ips = 0 } = counts.get(fate?.id ?? "") ?? {};
      const found = tell({ emails, phones, ips });
      if (found !== expected) return { expected, found };
      if (personal === undefined || squeeze(texts.get(url) ?? "").includes(squeeze(contains!))) return undefined;
      return { expected: `a text with "${contains}"`, found: "another text" };
    },
  };
}

function tell({ emails, phones, ips }: { emails: number; phones: number; ips: number }): string {
  return `${emails} e-mail addresses, ${phones} telephone numbers and ${ips} IP addresses masked`;
}

/** What the run's shards hold of these pages. */
async function readTexts(run: string, urls: ReadonlySet<string>): Promise<Map<string, string>> {
  const gpt2 = await loadTokenizer("gpt2");
  const texts = new Map<string, string>();
  for (const { path } of readManifest(run).artifacts.filter(({ kind }) => kind === "data")) {
    const shard = openShard(join(run, path));
    for (let n = 0; n < shard.documentCount; n++) {
      const { url } = shard.provenanceOf(n);
      if (urls.has(url)) texts.set(url, Buffer.from(gpt2.decode(shard.tokensOf(n).subarray(0, -1))).toString("utf8"));
    }
    shard.close();
  }
  return texts;
}

function squeeze(text: string): string {
  return text.replace(/\s+/g, " ");
}
