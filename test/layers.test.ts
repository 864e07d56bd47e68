/** Who may import whom. To change the architecture, change the table here and in ARCHITECTURE.md. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { test } from "node:test";
import { type Import, importsOf, parse, ROOT, sourceFiles } from "./imports.ts";

/** A folder → what it may import beside itself. `index.ts` is the package, what `import … from "sluice"` means. */
const MAY_IMPORT = {
  pipeline: [],
  classifiers: ["pipeline"],
  stages: ["pipeline", "classifiers"],
  tokenizer: ["pipeline"],
  trainer: ["pipeline"],
  eval: ["pipeline", "tokenizer", "trainer"],
  "index.ts": ["pipeline", "classifiers", "stages", "tokenizer", "trainer", "eval"],
  "pipeline/cli": ["pipeline", "classifiers", "stages", "tokenizer", "trainer", "eval", "index.ts"],
  test: ["pipeline", "classifiers", "stages", "tokenizer", "trainer", "eval", "index.ts", "pipeline/cli"],
} as const satisfies Record<string, readonly string[]>;
type Layer = keyof typeof MAY_IMPORT;

/** The one place that imports what it is told at run time: stages by path or package. */
const COMPUTED_IMPORTS = ["pipeline/modules.ts"];

/**
 * Packages that loading the package loads, too: every worker and every user's filter pays for them. Others are imported
 * in a stage's `setup`.
 */
const LOADED_AT_ONCE = ["hyparquet", "hyparquet-writer", "piscina", "yaml", "zod"];

const files = sourceFiles();
const imports = new Map(files.map((file) => [file, importsOf(parse(file))]));

test("folders import only what the table lets them", () => {
  const violations: string[] = [];
  for (const [file, line, target] of ownImports()) {
    if (!isAllowed(layerOf(file), layerOf(target))) violations.push(`${file}:${line} imports ${target}`);
  }
  assert.deepEqual(violations, []);
});

test("every relative import, and every folder, is known to the table", () => {
  for (const [file, line, target] of ownImports()) {
    assert.ok(existsSync(join(ROOT, target)), `${file}:${line}: no file ${target}`);
    layerOf(target);
  }
});

test("ARCHITECTURE.md draws the same table", () => {
  const rows = readFileSync(join(ROOT, "ARCHITECTURE.md"), "utf8")
    .split("\n")
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .filter((cells) => cells.length === 5 && cells[1]!.startsWith("`"));
  const drawn = new Set<string>();
  for (const [, folders, , mayImport] of rows) {
    // A row may stand for several folders; their entries are then parted by semicolons.
    const lists = mayImport!.split(";");
    for (const [i, folder] of quoted(folders!).entries()) {
      const layer = folder.replace(/\/$/, "");
      if (!(layer in MAY_IMPORT)) assert.fail(`ARCHITECTURE.md: unknown folder ${folder}`);
      drawn.add(layer);
      if (lists[0] === "everything") continue;
      assert.deepEqual(quoted(lists[i] ?? lists[0]!), MAY_IMPORT[layer as Layer], `ARCHITECTURE.md, ${folder}`);
    }
  }
  assert.deepEqual(
    Object.keys(MAY_IMPORT).filter((layer) => layer !== "index.ts" && !drawn.has(layer)),
    [],
  );
});

test("only the loader of stages imports what is computed at run time", () => {
  const computed = [...imports].flatMap(([file, found]) =>
    file.startsWith("test/") || COMPUTED_IMPORTS.includes(file)
      ? []
      : found.filter(({ specifier }) => specifier === undefined).map(({ line }) => `${file}:${line}`),
  );
  assert.deepEqual(computed, []);
});

test("what users install imports only packages that package.json names for them", () => {
  type Packages = Record<string, string>;
  const {
    dependencies,
    optionalDependencies = {},
    peerDependencies = {},
  } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    dependencies: Packages;
    optionalDependencies?: Packages;
    /** What users install themselves, if they want it. */
    peerDependencies?: Packages;
  };
  const declared = { ...dependencies, ...optionalDependencies, ...peerDependencies };
  const missing = [...imports].flatMap(([file, found]) =>
    found.flatMap((one) => {
      const name = packageOf(one);
      if (name === undefined || file.startsWith("test/")) return [];
      return name in declared ? [] : [`${file}:${one.line} imports ${name}`];
    }),
  );
  assert.deepEqual(missing, []);
});

test("loading the package loads no heavy package", () => {
  const seen = new Set<string>();
  const packages = new Map<string, string>();
  const load = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const one of imports.get(file)!) {
      if (one.isType || !one.isStatic) continue;
      const name = packageOf(one);
      if (name !== undefined) packages.set(name, `${file}:${one.line}`);
      else if (one.specifier!.startsWith(".")) load(targetOf(file, one.specifier!));
    }
  };
  for (const entry of ["index.ts", "pipeline/worker.ts"]) load(entry);
  const heavy = [...packages].filter(([name]) => !LOADED_AT_ONCE.includes(name));
  assert.deepEqual(heavy, []);
});

test("imports are found in every form they take, and not in strings or comments", () => {
  const code = `import a, { type B } from "./a.ts";
import type C from "./c.ts";
import "./d.ts";
export * from "./e.ts";
export type { F } from "./f.ts";
export { default as g } from "./g.ts";
const h: import("./h.ts").H = await import(\`./i.ts\`);
await import(h);
// import "./comment.ts"
const j = 'import "./string.ts"';
`;
  const found = importsOf(parse("x.ts", code)).map((one) => [
    one.specifier,
    one.line,
    `${one.isStatic ? "static" : "dynamic"}${one.isType ? " type" : ""}`,
  ]);
  assert.deepEqual(found, [
    ["./a.ts", 1, "static"],
    ["./c.ts", 2, "static type"],
    ["./d.ts", 3, "static"],
    ["./e.ts", 4, "static"],
    ["./f.ts", 5, "static type"],
    ["./g.ts", 6, "static"],
    ["./h.ts", 7, "dynamic type"],
    ["./i.ts", 7, "dynamic"],
    [undefined, 8, "dynamic"],
  ]);
});

test("the table says no where it should", () => {
  const refused: [Layer, Layer][] = [
    ["pipeline", "stages"],
    ["pipeline", "pipeline/cli"],
    ["pipeline", "index.ts"],
    ["stages", "tokenizer"],
    ["index.ts", "pipeline/cli"],
    ["trainer", "tokenizer"],
    ["pipeline/cli", "test"],
  ];
  for (const [from, to] of refused) assert.ok(!isAllowed(from, to), `${from} → ${to}`);
  assert.ok(isAllowed(layerOf("pipeline/cli/demo/check.ts"), layerOf("pipeline/ledger.ts")));
});

/** Imports of the project's own files. */
function* ownImports(): Generator<readonly [file: string, line: number, target: string]> {
  for (const [file, found] of imports) {
    for (const { specifier, line } of found) {
      if (specifier === "sluice") yield [file, line, "index.ts"];
      else if (specifier?.startsWith(".")) yield [file, line, targetOf(file, specifier)];
    }
  }
}

function targetOf(file: string, specifier: string): string {
  return posix.join(dirname(file), specifier);
}

function isAllowed(from: Layer, to: Layer): boolean {
  return from === to || (MAY_IMPORT[from] as readonly string[]).includes(to);
}

function layerOf(file: string): Layer {
  const layer = file.startsWith("pipeline/cli/") ? "pipeline/cli" : file.split("/")[0]!;
  if (layer in MAY_IMPORT) return layer as Layer;
  throw new Error(`${file}: found the folder ${layer}, which test/layers.test.ts has no row for`);
}

/** "@scope/name/path" → "@scope/name"; nothing for Node's own modules and the project's files. */
function packageOf({ specifier }: Import): string | undefined {
  if (specifier === undefined || /^(\.|node:|sluice$)/.test(specifier)) return undefined;
  const parts = specifier.split("/");
  return parts.slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
}

function quoted(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, word]) => word!);
}
