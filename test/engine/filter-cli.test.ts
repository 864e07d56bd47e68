/** `sluice filter`: what is printed of each document, and what is refused. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { registry } from "../../index.ts";
import { openInput } from "../../pipeline/cli/filter/pages.ts";
import { checkStages } from "../../pipeline/cli/filter/stages.ts";
import { type ErrorLine, type VerdictLine, verdictsOf } from "../../pipeline/cli/filter/verdicts.ts";
import { RecipeError } from "../../pipeline/errors.ts";
import { buildChain } from "../../pipeline/judge.ts";
import { contextFor } from "../../pipeline/recipe.ts";
import { needsShared, sharedPath } from "../shared.ts";
import { prose, sluice, tempDir } from "./harness.ts";

const DIR = tempDir();
const CLI = join(import.meta.dirname, "..", "..", "bin", "sluice.js");

function write(name: string, text: string | Uint8Array): string {
  writeFileSync(join(DIR, name), text);
  return name;
}

/** A file of JSON Lines, whose name is new. */
function jsonLines(...rows: readonly unknown[]): string {
  return write(`rows-${files++}.jsonl`, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
}
let files = 0;

/** What `sluice filter` prints, without the process around it. */
async function printed(
  use: string,
  settings: readonly string[],
  file: string,
  withText = false,
): Promise<(VerdictLine | ErrorLine)[]> {
  const context = contextFor(DIR, 1);
  const chain = await buildChain(await checkStages([use], settings, registry, DIR), context, "all");
  const lines: (VerdictLine | ErrorLine)[] = [];
  for await (const row of (await openInput(file, context)).rows())
    lines.push(...(await verdictsOf(row, chain, withText)));
  return JSON.parse(JSON.stringify(lines));
}

write(
  "cut-after-bar.ts",
  `import { defineRewriter, drop, keep, z } from "sluice";
/** Cuts what follows a bar. */
export default defineRewriter({
  name: "cut", module: import.meta.url, version: 1,
  params: z.object({ maxCut: z.number().default(5), marks: z.array(z.string()).default(["|"]) }),
  rewrite: ({ text }, { marks }) => {
    const at = marks.map((mark) => text.indexOf(mark)).find((at) => at >= 0) ?? text.length;
    return { text: text.slice(0, at), scores: { cut: text.length - at } };
  },
  keep: ({ cut }, { maxCut }) => (cut > maxCut ? drop("much-cut", cut) : keep),
});`,
);
write(
  "shout.ts",
  `import { defineMap, z } from "sluice";
export default defineMap({
  name: "shout", module: import.meta.url, version: 1, params: z.object({}),
  map: (page) => page.text === "split" ? ["one", "two two"].map((text) => ({ ...page, text })) : { ...page, text: page.text + "!" },
});`,
);
write(
  "fragile.ts",
  `import { defineFilter, keep, z } from "sluice";
export default defineFilter({
  name: "fragile", module: import.meta.url, version: 1, params: z.object({}),
  score: ({ text }) => {
    if (text.includes("boom")) throw new Error("no booms");
    return { value: text.includes("nan") ? Number.NaN : 1 };
  },
  keep: () => keep,
});`,
);

test("every stage measures every document, and the first that drops it decides", async () => {
  const file = jsonLines(
    { id: "short", text: "I am too small...", url: "https://example.org/a" },
    { id: "both", text: "", url: "https://bad.org/" },
    { id: "fine", text: prose(1).replaceAll(/\d+/g, "the end") },
  );
  write("bad.txt", "bad.org\n");
  const args = ["--use", "length,gopher-quality,url-filter", "--with", "length.minLines=1"];
  const result = await sluice(["filter", ...args, "--with", 'url-filter.domains=["bad.txt"]', file], { cwd: DIR });
  assert.equal(result.code, 0, result.stderr);
  assert.equal(
    result.stderr,
    "kept 1 of 3 documents; dropped 2 (gopher-quality too-few-words 1, length too-few-lines 1)\n",
  );
  const lines = result.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const [short, both, fine] = lines;
  assert.deepEqual(Object.keys(short), ["id", "kept", "stage", "reason", "value", "original", "scores"]);
  assert.deepEqual(Object.keys(fine), ["id", "kept", "stage", "reason", "scores"]);
  assert.deepEqual(
    lines.map(({ id, kept, stage, reason, value, original }) => [id, kept, stage, reason, value, original]),
    [
      ["short", false, "gopher-quality", "too-few-words", 4, "gopher_short_doc"],
      ["both", false, "length", "too-few-lines", 0, undefined],
      ["fine", true, null, null, undefined, undefined],
    ],
  );
  for (const { scores } of lines) assert.deepEqual(Object.keys(scores), ["length", "gopher-quality", "url-filter"]);
  assert.deepEqual(short.scores.length, { chars: 17, bytes: 17, words: 4, lines: 1 });
  assert.equal(both.scores["url-filter"].domain, 1, "measured behind the drop");
  assert.equal(both.scores["gopher-quality"].words, 0);
});

test("a rewriter's text goes to the next stage, also behind its drop, and --text shows what the last one leaves", async () => {
  const file = jsonLines({ id: 1, text: "one|two" }, { id: 2, text: "one|two three" }, { id: 3, text: "none" });
  assert.deepEqual(await printed("./cut-after-bar.ts,./shout.ts,length", [], file, true), [
    {
      ...{ id: 1, kept: true, stage: null, reason: null },
      scores: { cut: { cut: 4 }, length: { chars: 4, bytes: 4, words: 1, lines: 1 } },
      text: "one!",
    },
    {
      ...{ id: 2, kept: false, stage: "cut", reason: "much-cut", value: 10 },
      scores: { cut: { cut: 10 }, length: { chars: 4, bytes: 4, words: 1, lines: 1 } },
      text: "one!",
    },
    {
      ...{ id: 3, kept: true, stage: null, reason: null },
      scores: { cut: { cut: 0 }, length: { chars: 5, bytes: 5, words: 1, lines: 1 } },
      text: "none!",
    },
  ]);
  const [line] = await printed("./cut-after-bar.ts", [], file);
  assert.ok(!("text" in line!));
});

test("a document that a map splits has a line for each part", async () => {
  const lines = await printed("./shout.ts,length", ["length.minWords=2"], jsonLines({ id: "s", text: "split" }));
  assert.deepEqual(
    lines.map((line) => "kept" in line && [line.id, line.part, line.kept, line.scores.length!.words]),
    [
      ["s", 0, false, 1],
      ["s", 1, true, 2],
    ],
  );
});

test("a stage that throws, a score that is no number and a row that is no page cost that line alone", async () => {
  const rows = ['{"id":"a","text":"boom"}', '{"id":"b","text":"nan"}', "{", '{"id":"c"}', "", '{"id":"d","text":"ok"}'];
  const file = write("fragile.jsonl", rows.join("\n"));
  // Behind a drop, too.
  const lines = await printed("length,./fragile.ts", ["length.minChars=4"], file);
  assert.deepEqual(
    lines.map((line) => ("error" in line ? line.error.replace(/page [0-9a-f]{32}/, "page …") : line.reason)),
    [
      "fragile threw on page …: Error: no booms",
      'fragile threw on page …: TypeError: score "value" is NaN; expected a finite number',
      "fragile.jsonl @ 49: bad-json",
      "fragile.jsonl @ 51: no-text",
      "too-few-chars",
    ],
  );
  assert.deepEqual(
    [0, 1, 3, 4].map((n) => lines[n]!.id),
    ["a", "b", "c", "d"],
  );
});

test("where a stage throws on every document, the command fails", async () => {
  const file = write("all-fragile.jsonl", '{"id":"a","text":"boom"}\n{"id":"b","text":"boom"}\n');
  const all = await sluice(["filter", "--use", "./fragile.ts", file], { cwd: DIR });
  assert.equal(all.code, 1, all.stderr);
  assert.match(all.stderr, /kept 0 of 2 documents; failed 2/);
});

test("ids come back as they are in the rows, and tags and dates reach the stages", async () => {
  const file = jsonLines(
    { id: "x", text: "a" },
    { id: 7, text: "a", tags: { lang: "de" } },
    { id: "7", text: "a", tags: { lang: "en" } },
    { id: "007", text: "a" },
    { id: "6 of 7", text: "\ud800" },
    { text: "a" },
    { id: null, text: "b" },
  );
  const lines = await printed("language-mix", ['language-mix.rates={"de":1}'], file);
  assert.deepEqual(
    lines.slice(0, 5).map(({ id }) => id),
    ["x", 7, "7", "007", "6 of 7"],
  );
  assert.deepEqual(
    lines.map((line) => "kept" in line && line.kept),
    [false, true, false, false, false, false, false],
  );
  for (const { id } of lines.slice(5)) assert.match(String(id), /^[0-9a-f]{32}$/);
});

test("compressed files give the same lines, and one that is cut says so after what is left", async () => {
  const rows = Array.from({ length: 50 }, (_, n) => JSON.stringify({ id: n, text: prose(n) }));
  const text = Buffer.from(`${rows.join("\n")}\n`);
  const plain = await printed("length,sample", [], write("a.jsonl", text));
  for (const [name, stored] of [
    ["a.jsonl.gz", gzipSync(text)],
    ["a.jsonl.zst", zstdCompressSync(text)],
  ] as const) {
    const lines = await printed("length", [], write(name, stored));
    assert.deepEqual(
      lines.map(({ id }) => id),
      plain.map(({ id }) => id),
    );
  }
  write("cut.jsonl.gz", gzipSync(text).subarray(0, -2000));
  const { code, stdout, stderr } = await sluice(["filter", "--use", "length", "cut.jsonl.gz"], { cwd: DIR });
  assert.equal(code, 1);
  const lines = stdout.trimEnd().split("\n");
  assert.ok(lines.length > 5 && lines.length < 50);
  assert.match(
    stderr,
    new RegExp(`^kept ${lines.length} of ${lines.length} documents\nsluice: cut.jsonl.gz @ \\d+: gzip-truncated`),
  );
});

test("lines are printed while standard input is open, and a reader that has enough ends it quietly", async () => {
  const child = spawn(process.execPath, [CLI, "filter", "--use", "length", "-"], { cwd: DIR });
  child.stdin.on("error", () => {}); // It ends before it has read all.
  const lines = createInterface(child.stdout);
  const row = `${JSON.stringify({ id: "s", text: "a" })}\n`;
  child.stdin.write(row);
  const [first] = (await once(lines, "line")) as [string];
  assert.equal(JSON.parse(first).id, "s");
  lines.close();
  child.stdout.destroy();
  child.stdin.write(row.repeat(50_000));
  const [code] = (await once(child, "close")) as [number];
  assert.equal(code, 141);
});

test("values are YAML, as in a recipe, where they are, and else strings; the longest name that fits is meant", async () => {
  const settings = ["length.minChars=3", "sample.name=a=b", 'cut.marks=["x","|"]', "./cut-after-bar.ts.maxCut=1e2"];
  const stages = await checkStages(["length,sample", "./cut-after-bar.ts"], settings, registry, DIR);
  assert.deepEqual(
    stages.map(({ spec }) => spec.params),
    [{ minChars: 3 }, { share: 0.5, name: "a=b" }, { marks: ["x", "|"], maxCut: 100 }],
  );
  const lists = await checkStages(["language,sample"], ["language.keep=[en, de]", "sample.name=*.txt"], registry, DIR);
  assert.deepEqual(
    lists.map(({ spec }) => (spec.params as { keep?: unknown; name?: unknown }).keep ?? spec.params),
    [["en", "de"], { share: 0.5, name: "*.txt" }],
  );
});

test("what cannot be run is refused with its place", async () => {
  for (const [use, settings, message] of [
    ["lenght", [], /--use: unknown stage "lenght" \(built in: .*length/],
    ["", [], /--use : expected names between commas/],
    ["length,length", [], /--use: "length" twice/],
    ["./absent.ts", [], /--use: .*no file "\.\/absent\.ts"/],
    ["minhash-dedup", [], /"minhash-dedup" compares pages with each other; expected stages that look at one alone/],
    ["extract-html", [], /"extract-html" reads pages that have no text yet/],
    ["length", ["length.minChars"], /--with length\.minChars: expected stage\.param=value/],
    ["length", ["sample.share=1"], /--with sample\.share=1: expected a stage that --use names \(length\)/],
    ["length", ["length.minChars=many"], /--with: length\.minChars: expected number, found string \("many"\)/],
    ["length", ["length.least=1"], /--with: length: unknown parameter "least"/],
    ["language-mix", [], /--with: language-mix: expected either rates, or target and found/],
  ] as const) {
    await assert.rejects(checkStages([use], settings, registry, DIR), (error) => {
      assert.ok(error instanceof RecipeError, String(error));
      assert.match(error.message, message);
      return true;
    });
  }
  await assert.rejects(openInput("absent.jsonl", contextFor(DIR, 1)), /no such file: "absent\.jsonl"/);
});

const GOLDEN = "fixtures/filters/datatrove_golden.json";
test("datatrove's reasons for the golden pages stand under original", needsShared(GOLDEN), async () => {
  interface Case {
    readonly text: string;
    readonly gopher_quality_default: { readonly keep: boolean; readonly reason: string };
  }
  const { cases } = JSON.parse(readFileSync(sharedPath(GOLDEN), "utf8")) as { cases: Record<string, Case> };
  const file = jsonLines(...Object.entries(cases).map(([id, { text }]) => ({ id, text })));
  const lines = await printed("gopher-quality", [], file);
  assert.deepEqual(
    Object.fromEntries(lines.map((line) => ["id" in line && line.id, "kept" in line && (line.original ?? line.kept)])),
    Object.fromEntries(
      Object.entries(cases).map(
        ([
          id,
          {
            gopher_quality_default: { keep, reason },
          },
        ]) => [id, keep || reason],
      ),
    ),
  );
});
