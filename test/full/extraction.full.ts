/** What extraction from HTML is worth on pages whose text is known; minutes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { htmlEngines } from "../../pipeline/cli/bench-extract/engines.ts";
import { scoreEngines } from "../../pipeline/cli/bench-extract/score.ts";
import { Captures, readTruth } from "../../pipeline/cli/bench-extract/truth.ts";
import { needsShared, sharedPath } from "../shared.ts";

const TRUTH = "data/extraction";
const CRAWL = "data/crawl";

test("Readability is worth what the notebook says", needsShared(TRUTH, CRAWL), async (context) => {
  const sets = readTruth(sharedPath(TRUTH));
  const scores = await scoreEngines(sets, await htmlEngines(["readability"]), new Captures(sharedPath(CRAWL)));
  const f1 = scores.sets.map(({ set, groups }) => [set, groups[0]!.engines[0]!.scores.f1!.value.toFixed(3)]);
  context.diagnostic(JSON.stringify(f1));
  // Readability's own text without line breaks between blocks: .943, .884, .751.
  assert.deepEqual(Object.fromEntries(f1), {
    "article-extraction-benchmark": "0.946",
    "trafilatura-eval": "0.884",
    wcxb: "0.772",
  });
});
