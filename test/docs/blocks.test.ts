/** Every code block in the documents runs with the tests, and blocks that do not hold are told. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { tempDir } from "../engine/harness.ts";
import { blockChecker } from "./check-blocks.ts";
import { type Block, blocksOf, documents, readDocument } from "./documents.ts";

const FILTER = `import { defineFilter, drop, keep, z } from "sluice";
export default defineFilter({
  name: "short", module: import.meta.url, version: 1,
  params: z.object({ min: z.int() }),
  needs: ["words"],
  score: ({ words }) => ({ words: words.length }),
  keep: ({ words }, { min }) => (words < min ? drop("short", words) : keep),
});`;

/** A document, and what must be said of its only mistake: `undefined` where there is none. */
const EXAMPLES: readonly (readonly [title: string, markdown: string, says: RegExp | undefined])[] = [
  ["a wrong type", fenced("ts", 'import { z } from "sluice";\nconst n: number = z.string();'), /:3: .*ZodString/],
  ["an unknown export", fenced("ts", 'import { nugget } from "sluice";'), /:2: .*nugget/],
  [
    "a filter that throws",
    fenced(
      "ts",
      FILTER.replace("words.length }", "Number(words.at(999)!.big()) }").replace("z.int()", "z.int().default(1)"),
    ),
    /big/,
  ],
  ["a filter whose parameters no recipe gives", fenced("ts", FILTER), /short has parameters without default/],
  [
    "a filter and a recipe that uses it",
    `${fenced("ts", `// short.ts\n${FILTER}`)}\n${fenced("yaml", "- use: ./short.ts\n  with: { min: 3 }")}`,
    undefined,
  ],
  [
    "a filter with a bad parameter",
    `${fenced("ts", `// short.ts\n${FILTER.replace("z.int()", "z.int().default(1)")}`)}\n${fenced("yaml", "use: ./short.ts\nwith: { min: x }")}`,
    /short\.min: expected .* found string/,
  ],
  [
    "a recipe with an unknown stage",
    fenced(
      "yaml",
      "source: { use: text, with: { files: [a.txt] } }\nstages:\n  - use: nope\nsink: { use: jsonl, with: { dir: out } }",
    ),
    /unknown stage "nope"/,
  ],
  [
    "a recipe whose stage needs a file",
    fenced("yaml", "stages:\n  - use: classifier-score\n    with: { model: models/q.bin, label: hq }"),
    undefined,
  ],
  ["an alignment's config", fenced("yaml", "# sft.yaml\nfrom: tiny\ndata: a.jsonl\nout: b"), undefined],
  [
    "an alignment's config with a misspelt field",
    fenced("yaml", "# sft.yaml\nfrom: tiny\ndata: a.jsonl\nepoch: 2\nout: b"),
    /sft\.yaml:4: sft: unknown parameter "epoch"/,
  ],
  [
    "a verifier that throws",
    fenced(
      "ts",
      'import { defineVerifier, z } from "sluice";\nexport default defineVerifier({\n  name: "v", module: import.meta.url, version: 1, params: z.object({}),\n  verify: (response) => Number(BigInt(response)),\n});',
    ),
    /Cannot convert/,
  ],
  ["broken YAML", fenced("yaml", "stages: ["), /x\.md:1/],
  ["YAML that is no recipe", fenced("yaml", "colour: red"), /no recipe and no part of one/],
  ["an unknown command", fenced("sh", "npx sluice polish out"), /unknown command 'polish'/],
  [
    "an unknown flag",
    fenced("sh", "cd x && sluice run r.yaml \\\n  --wrokers 3 | tee log"),
    /unknown option '--wrokers'/,
  ],
  ["a flag's wrong value", fenced("sh", "npx sluice run r.yaml --workers many"), /expected a whole number from 1/],
  ["a missing argument", fenced("sh", "npx sluice why out"), /missing required argument 'url\|id'/],
  ["help", fenced("sh", "npx sluice --help\nsluice run --help # for all flags"), undefined],
  ["an unknown script", fenced("sh", "npm ci && npm run polish"), /no script "polish"/],
  ["a file that is not there", fenced("sh", "node --test test/absent.test.ts"), /no test\/absent\.test\.ts/],
  ["files that are there", fenced("sh", "node --test 'test/engine/*.test.ts' > test.log 2>&1"), undefined],
  ["broken JSON", fenced("json", '{"a": 1,}'), /neither JSON nor JSON Lines/],
  ["JSON Lines", fenced("json", '{"a": 1}\n{"a": 2}'), undefined],
  ["an unknown language", fenced("python", "pass"), /the language "python", expected one of: ts, yaml/],
  ["no language", fenced("", "pass"), /no language/],
];

const written = documents().flatMap((document) => blocksOf(document, readDocument(document)));
const examples = EXAMPLES.map(([title, markdown], n) =>
  blocksOf(`example-${n}-${title.replaceAll(" ", "-")}/x.md`, markdown),
);
const dir = tempDir();
let check: (block: Block) => Promise<void>;

before(async () => {
  check = await blockChecker([...written, ...examples.flat()], dir);
});

for (const block of written) {
  test(`${block.document}:${block.line} holds (${block.language})`, () => check(block));
}

for (const [n, [title, , says]] of EXAMPLES.entries()) {
  test(`${title} ${says === undefined ? "is fine" : "is told"}`, async () => {
    const told: string[] = [];
    for (const block of examples[n]!) await check(block).catch((error: Error) => told.push(error.message));
    if (says === undefined) assert.deepEqual(told, []);
    else {
      assert.equal(told.length, 1, told.join("\n"));
      assert.match(told[0]!, says);
    }
  });
}

test("blocks are found in lists, in longer fences and with tildes", () => {
  const markdown =
    "text `a` ```b```\n- item\n  ```sh\n  one\n    two\n  ```\n````text\n```ts\n````\n~~~ts extra\nx\n~~~\n";
  assert.deepEqual(
    blocksOf("a.md", markdown).map(({ line, language, code }) => [line, language, code]),
    [
      [3, "sh", "one\n  two\n"],
      [7, "text", "```ts\n"],
      [10, "ts", "x\n"],
    ],
  );
  assert.throws(() => blocksOf("a.md", "\n```ts\nx\n"), /a\.md:2: the code block has no end/);
});

function fenced(language: string, code: string): string {
  return `\`\`\`${language}\n${code}\n\`\`\`\n`;
}
