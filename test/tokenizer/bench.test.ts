import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { geometricMeans, runTokenizerBench, type TokenizerBench } from "../../pipeline/cli/bench-tokenizer.ts";
import { RecipeError } from "../../pipeline/errors.ts";
import { loadTokenizer } from "../../tokenizer/load.ts";
import { corpus } from "./corpora.ts";
import { tempFolder } from "./temp.ts";

const folder = tempFolder();
const OPTIONS = { maxBytes: 1e6, referenceBytes: 20_000, rounds: 1 };

function fileOf(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

test("the benchmark encodes all of a file, finds tiktoken's ids, and gives speeds and ratios", async () => {
  const text = corpus("multi", 30_000).join("\n").slice(0, 20_000);
  const files = [fileOf("a.txt", text), fileOf("b.txt", `${"x".repeat(9000)} ${"😀".repeat(9000)}`)];
  const results = runTokenizerBench(files, ["gpt2", "cl100k_base"], OPTIONS);
  assert.deepEqual(
    results.map(({ file, tokenizer }) => `${tokenizer} ${file}`),
    ["gpt2 a.txt", "gpt2 b.txt", "cl100k_base a.txt", "cl100k_base b.txt"],
  );
  assert.equal(results[0]!.bytes, Buffer.byteLength(text));
  assert.equal(results[0]!.tokens, (await loadTokenizer("gpt2")).encode(text).length);
  for (const { sameIds, megabytesPerSecond, ratio, loadSeconds } of results) {
    assert.equal(sameIds, true);
    const speeds = [
      ...Object.values<number>({ ...megabytesPerSecond }),
      ratio!.cold,
      ratio!.steady,
      ratio!.warm,
      loadSeconds,
    ];
    assert.equal(speeds.length, 10);
    assert.ok(
      speeds.every((speed) => speed > 0 && Number.isFinite(speed)),
      JSON.stringify(results),
    );
  }
});

test("only the beginning is taken, and bytes that are no UTF-8 stop nothing", () => {
  const noise = Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919) % 251);
  const [taken] = runTokenizerBench([fileOf("noise.bin", noise)], ["gpt2"], { ...OPTIONS, maxBytes: 1000 });
  assert.ok(taken!.sameIds && taken!.bytes >= 1000 && taken!.bytes <= 3000);
});

test("what cannot be measured is refused by name", () => {
  const empty = fileOf("empty.txt", "");
  assert.throws(
    () => runTokenizerBench([empty], ["gpt2"], OPTIONS),
    new RecipeError(`${empty}: the file is empty: there is nothing to encode`),
  );
  assert.throws(
    () => runTokenizerBench([folder], ["gpt2"], OPTIONS),
    new RecipeError(`${folder}: not a file (give text files)`),
  );
  assert.throws(() => runTokenizerBench([join(folder, "none")], ["gpt2"], OPTIONS), /none: no such file/);
  assert.throws(() => runTokenizerBench([fileOf("c.txt", "c")], ["gpt3"], OPTIONS), RecipeError);
});

test("means are geometric, by tokenizer, over the files that have a ratio", () => {
  const result = (tokenizer: string, cold: number, warm: number): TokenizerBench => ({
    ...{ file: "f", tokenizer, bytes: 1, tokens: 1, loadSeconds: 1 },
    megabytesPerSecond: { coldBytes: 1, steadyBytes: 1, warmBytes: 1, coldStrings: 1, warmStrings: 1 },
    ...(cold > 0 ? { ratio: { cold, steady: cold, warm } } : {}),
  });
  const means = geometricMeans([result("a", 2, 4), result("a", 8, 9), result("b", 0, 0)]);
  assert.deepEqual(Object.keys(means), ["a"]);
  assert.ok(Math.abs(means.a!.cold - 4) < 1e-9 && Math.abs(means.a!.warm - 6) < 1e-9);
});
