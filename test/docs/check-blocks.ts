/** What must be true of a code block: types hold, filters run, recipes are accepted, commands and flags exist. */
import assert from "node:assert/strict";
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseDocument } from "yaml";
import { ExperimentFile, readExperiment } from "../../eval/experiment/experiment.ts";
import { expectSound, lintExperiment } from "../../eval/experiment/lint.ts";
import { registry } from "../../index.ts";
import { indexFolder } from "../../pipeline/duplicates/find-index.ts";
import { SavedIndexWriter } from "../../pipeline/duplicates/saved-index.ts";
import { loadDefinition, looksLikePath } from "../../pipeline/modules.ts";
import { checkRecipe, readRecipe } from "../../pipeline/recipe.ts";
import type { Definition } from "../../pipeline/stage.ts";
import { isDropped } from "../../pipeline/verdict.ts";
import { alignPlanOf, readAlignConfig } from "../../trainer/align/config.ts";
import { resolveVerifiers } from "../../trainer/align/judging/resolve.ts";
import { verifyOne } from "../../trainer/align/judging/verify-one.ts";
import { METHODS } from "../../trainer/align/methods/index.ts";
import { readTrainConfig } from "../../trainer/config.ts";
import { pageWith, runFilter } from "../contracts/filter.ts";
import { prepareRewriter } from "../contracts/rewriter.ts";
import { prose } from "../engine/harness.ts";
import { defaultExport, FOLDERS, parse, ROOT } from "../imports.ts";
import { usageChecker } from "./command-line.ts";
import { type Block, fileNameOf } from "./documents.ts";
import { commandsIn } from "./shell.ts";
import { typeMistakes } from "./typecheck.ts";

/** What the checks of one set of blocks share. */
interface Surroundings {
  readonly blocks: readonly Block[];
  /** Where a block's code was written. */
  readonly fileOf: ReadonlyMap<Block, string>;
  readonly mistakesIn: ReturnType<typeof typeMistakes>;
  readonly complaintAbout: Awaited<ReturnType<typeof usageChecker>>;
}

/** A block's language → its check. */
const CHECKS: Readonly<Record<string, (block: Block, around: Surroundings) => void | Promise<void>>> = {
  ts: checkTypeScript,
  yaml: checkYaml,
  sh: checkShell,
  json: checkJson,
  text: () => {},
};

/** Prepares the blocks together, in one TypeScript program; `dir` is an empty folder. The result checks one of them. */
export async function blockChecker(blocks: readonly Block[], dir: string): Promise<(block: Block) => Promise<void>> {
  const fileOf = writeFiles(blocks, dir);
  const mistakesIn = typeMistakes([...fileOf.values()].filter((file) => file.endsWith(".ts")));
  const around = { blocks, fileOf, mistakesIn, complaintAbout: await usageChecker() };
  return async (block) => {
    const check = Object.hasOwn(CHECKS, block.language) ? CHECKS[block.language] : undefined;
    const found = block.language === "" ? "no language" : `the language "${block.language}"`;
    const expected = Object.keys(CHECKS).join(", ");
    assert.ok(check, `${placeOf(block)}: found a block of ${found}, expected one of: ${expected}`);
    await check(block, around);
  };
}

/** Each document's TypeScript and recipes lie together in a folder, under the names they give themselves. */
function writeFiles(blocks: readonly Block[], dir: string): Map<Block, string> {
  // Users' own folders hold modules.
  writeFileSync(join(dir, "package.json"), '{"type":"module"}\n');
  const fileOf = new Map<Block, string>();
  for (const block of blocks.filter(({ language }) => language === "ts" || language === "yaml")) {
    const folder = join(dir, block.document);
    mkdirSync(folder, { recursive: true });
    const name = fileNameOf(block);
    const isTaken = name === undefined || existsSync(join(folder, name));
    const file = join(folder, isTaken ? `line-${block.line}.${block.language}` : name);
    writeFileSync(file, block.code);
    fileOf.set(block, file);
  }
  return fileOf;
}

function placeOf({ document, line }: Block): string {
  return `${document}:${line}`;
}

async function checkTypeScript(block: Block, { blocks, fileOf, mistakesIn }: Surroundings): Promise<void> {
  const file = fileOf.get(block)!;
  const found = mistakesIn
    .get(file)!
    .map(({ line, message }) => `${block.document}:${block.line + 1 + line}: ${message}`);
  assert.deepEqual(found, []);
  if (defaultExport(parse("block.ts", block.code)) === undefined) return;
  if (/\bdefineVerifier\(/.test(block.code)) {
    await checkVerifier(file);
    return;
  }
  const definition = await loadDefinition(pathToFileURL(file).href, placeOf(block));
  const page = pageWith(prose(1));
  const params = paramsOf(
    definition,
    blocks.filter(({ document }) => document === block.document),
  );
  if (definition.kind === "filter") {
    const { verdict, scores } = await runFilter(definition, params, page);
    assert.equal(typeof verdict.kept, "boolean");
    for (const [name, score] of Object.entries(scores)) assert.equal(typeof score, "number", `score ${name}`);
  } else if (definition.kind === "rewriter") {
    const { text, scores } = (await prepareRewriter(definition, params))(page);
    assert.equal(typeof text, "string");
    for (const [name, score] of Object.entries(scores)) assert.equal(typeof score, "number", `score ${name}`);
  } else if (definition.kind === "map") {
    const parsed = definition.params.parse(params);
    const state = await definition.setup?.(parsed, { seed: 1, resolvePath: (path) => join(dirname(file), path) });
    const result = await definition.map(page, parsed, state);
    assert.ok(isDropped(result as never) || typeof result === "object");
  }
}

/** Judges a response to a row in which every field is a text. */
async function checkVerifier(file: string): Promise<void> {
  const [found] = await resolveVerifiers([{ use: file }], { baseDir: dirname(file), place: file });
  const fields = new Proxy({}, { get: () => "some text" });
  const asked = { place: "rows.jsonl:1", messages: [], fields, isCut: false, tokens: 3 };
  const { failure, message } = verifyOne(found!.definition, found!.spec.params, "a response", asked);
  assert.equal(failure, undefined, message);
}

/** No parameters where that is allowed, else those of a recipe in the same document that uses the stage. */
function paramsOf(definition: Definition, blocks: readonly Block[]): unknown {
  if (definition.params.safeParse({}).success) return {};
  for (const block of blocks.filter(({ language }) => language === "yaml")) {
    for (const { use, with: params } of partsOf(recipeOf(block)).stages) {
      if (use.endsWith(`${definition.name}.ts`)) return params ?? {};
    }
  }
  assert.fail(
    `${definition.name} has parameters without default: show it in a recipe, so that it can be tried with them`,
  );
}

async function checkYaml(block: Block, { fileOf }: Surroundings): Promise<void> {
  const config: unknown = parseDocument(block.code).toJS();
  if (typeof config === "object" && config !== null && "variants" in config) {
    expectSound(lintExperiment(readExperiment(fileOf.get(block)!)));
    return;
  }
  if (typeof config === "object" && config !== null && "align" in config) {
    const { stages } = ExperimentFile.shape.align.parse(config.align)!;
    for (const stage of stages) alignPlanOf({ ...stage.with, from: ".", out: "." }, METHODS.get(stage.method)!);
    return;
  }
  if (typeof config === "object" && config !== null && "from" in config) {
    const name = fileNameOf(block)?.replace(/\.ya?ml$/, "");
    const method = METHODS.get(name ?? "");
    assert.ok(method, `${placeOf(block)}: a config of an alignment is called as its method is, as # grpo.yaml`);
    readAlignConfig(fileOf.get(block)!, method);
    return;
  }
  if (typeof config === "object" && config !== null && "model" in config) {
    readTrainConfig(fileOf.get(block)!);
    return;
  }
  const recipe = recipeOf(block);
  const folder = dirname(fileOf.get(block)!);
  for (const [group, parts] of Object.entries(partsOf(recipe))) {
    for (const part of parts) await supplyFiles(part, group as keyof typeof registry, folder);
  }
  if (isWhole(recipe)) await readRecipe(fileOf.get(block)!, registry);
  else await checkRecipe({ ...AROUND_A_PART, ...recipe }, { registry, baseDir: folder });
}

interface Part {
  readonly use: string;
  readonly with?: unknown;
}
interface RecipeBlock {
  readonly source?: Part;
  readonly stages?: readonly Part[];
  readonly sink?: Part;
}

/** What a part of a recipe is completed with. */
const AROUND_A_PART: RecipeBlock = {
  source: { use: "jsonl", with: { files: ["*.jsonl"] } },
  sink: { use: "jsonl", with: { dir: "out" } },
};

function isWhole({ source, sink }: RecipeBlock): boolean {
  return source !== undefined && sink !== undefined;
}

/** A recipe, fields of one, its list of stages, or a single stage. */
function recipeOf(block: Block): RecipeBlock {
  const place = placeOf(block);
  const document = parseDocument(block.code);
  assert.deepEqual(document.errors, [], place);
  const value = document.toJS() as unknown;
  if (Array.isArray(value)) return { stages: value };
  assert.ok(typeof value === "object" && value !== null, `${place}: expected a recipe or a part of one`);
  if ("use" in value) return { stages: [value as Part] };
  const isRecipe = ["source", "stages", "sink"].some((field) => field in value);
  assert.ok(isRecipe, `${place}: found no recipe and no part of one; mark YAML of another kind as text`);
  return value;
}

function partsOf({ source, stages = [], sink }: RecipeBlock) {
  return { sources: source ? [source] : [], stages, sinks: sink ? [sink] : [] };
}

/** Files that a stage's parameters name (a model, a list) must be there to be digested; any bytes will do. */
async function supplyFiles(part: Part, group: keyof typeof registry, folder: string): Promise<void> {
  const builtIn = (registry[group] as Record<string, () => Promise<{ default: Definition }>>)[part.use];
  const own = join(folder, part.use);
  let definition: Definition | undefined;
  if (builtIn !== undefined) definition = (await builtIn()).default;
  else if (looksLikePath(part.use) && existsSync(own)) definition = await loadDefinition(pathToFileURL(own).href, own);
  const params = definition?.params.safeParse(part.with ?? {});
  if (definition === undefined || params?.success !== true) return; // The recipe's own check says so.
  supplyIndexes(part.use, params.data, folder);
  const context = { resolvePath: (path: string) => join(folder, path), label: part.use, place: part.use };
  for (const file of definition.files?.(params.data as never, context) ?? []) {
    const path = resolve(folder, file);
    if (!path.startsWith(folder) || existsSync(path)) continue;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, "");
  }
}

/** Earlier runs that a deduplication compares with: empty ones will do. */
function supplyIndexes(stage: string, params: unknown, folder: string): void {
  for (const run of (params as { against?: readonly string[] } | undefined)?.against ?? []) {
    const dir = indexFolder(join(folder, run), { index: 0, label: stage });
    if (existsSync(dir)) continue;
    new SavedIndexWriter(dir, { stage, code: "", version: 1, params: {}, files: [] }).close();
  }
}

async function checkShell(block: Block, { complaintAbout }: Surroundings): Promise<void> {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    scripts: Record<string, string>;
  };
  for (const command of commandsIn(block.code)) {
    const place = `${placeOf(block)}: ${command.join(" ")}`;
    const args = argsOfSluice(command);
    if (args !== undefined) {
      const complaint = await complaintAbout(args);
      assert.ok(complaint === undefined, `${place}: ${complaint}`);
    } else if (command[0] === "npm") {
      const script = command[1] === "run" ? command[2]! : command[1] === "test" ? "test" : undefined;
      if (script !== undefined) assert.ok(script in scripts, `${place}: package.json has no script "${script}"`);
    }
    if (args !== undefined) continue;
    for (const word of command.filter(isOurFile))
      assert.ok(globSync(word, { cwd: ROOT }).length > 0, `${place}: no ${word}`);
  }
}

/** The words after `sluice`, however it is started. */
function argsOfSluice(command: readonly string[]): readonly string[] | undefined {
  const line = command.join(" ");
  const start = ["sluice", "npx sluice", "node bin/sluice.js", "npm run sluice --", "npm run demo --"].find(
    (words) => line === words || line.startsWith(`${words} `),
  );
  if (start === undefined) return undefined;
  const rest = command.slice(start.split(" ").length);
  return start.startsWith("npm run demo") ? ["demo", ...rest] : rest;
}

function isOurFile(word: string): boolean {
  return /^[\w./*-]+$/.test(word) && [...FOLDERS, "bin", "docs"].some((folder) => word.startsWith(`${folder}/`));
}

function checkJson(block: Block): void {
  const isJson = (text: string): boolean => {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  };
  const lines = block.code.split("\n").filter((text) => text.trim() !== "");
  assert.ok(isJson(block.code) || lines.every(isJson), `${placeOf(block)}: neither JSON nor JSON Lines`);
}
