/**
 * From a stage's module to its definition. Built-in stages, a user's `.ts` file wherever it lies and a package from
 * npm are all loaded here, on the main thread and in workers alike.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire, registerHooks } from "node:module";
import { dirname, extname, join, relative, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { oneLine, RecipeError } from "./errors.ts";
import type { Definition, StageSpec } from "./stage.ts";

/** `.ts` when the sources run, `.js` when the built package does. */
const EXTENSION = extname(import.meta.url);

/** The URL of a module of the engine itself, in sources and in `dist` alike: `engineModule("pipeline/worker")`. */
export function engineModule(path: string): URL {
  return new URL(`../${path}${EXTENSION}`, import.meta.url);
}

/** The folder that holds `pipeline/`, `stages/` … of the running engine. */
const ENGINE_ROOT = fileURLToPath(new URL("..", import.meta.url));

/** The folder of the package itself: above `dist` when built. */
const PACKAGE_ROOT = existsSync(join(ENGINE_ROOT, "package.json")) ? ENGINE_ROOT : dirname(ENGINE_ROOT);

export const engineVersion: string = (
  JSON.parse(readFileSync(join(PACKAGE_ROOT, "package.json"), "utf8")) as { version: string }
).version;

let hooked = false;

/**
 * Makes `import … from "sluice"` mean the running engine in every module of this thread, wherever the importing file
 * lies: one copy of the engine, never two. User files in TypeScript are modules whatever their folder's package.json says.
 */
export function installResolveHook(): void {
  if (hooked) return;
  hooked = true;
  const engine = engineModule("index").href;
  registerHooks({
    resolve(specifier, context, nextResolve) {
      if (specifier === "sluice") return { url: engine, shortCircuit: true };
      const found = nextResolve(specifier, context);
      // A stage is a module (it exports by default), whatever "type" the package.json above a user's file says.
      if (found.url.startsWith("file:") && found.url.endsWith(".ts")) return { ...found, format: "module-typescript" };
      return found;
    },
  });
}

/** Whether `use` names a file (a path or file URL) rather than a built-in stage or a package. */
export function looksLikePath(use: string): boolean {
  return /^(\.{1,2}[\\/]|[\\/]|file:|[A-Za-z]:[\\/])/.test(use) || /\.[cm]?[jt]s$/.test(use);
}

/** Finds the module of a stage that a recipe names by path or package, relative to `baseDir`. */
export function findModule(use: string, baseDir: string): URL | undefined {
  if (use.startsWith("file:")) return existsSync(fileURLToPath(use)) ? new URL(use) : undefined;
  if (looksLikePath(use)) {
    const path = join(use.startsWith("/") ? "" : baseDir, use);
    return existsSync(path) ? pathToFileURL(path) : undefined;
  }
  try {
    return pathToFileURL(createRequire(join(baseDir, "recipe")).resolve(use));
  } catch {
    return undefined;
  }
}

/** Imports a module and returns its default export, whatever it is. `place` begins every error message. */
export async function loadDefault(module: string, place: string): Promise<{ exported: unknown; file: string }> {
  installResolveHook();
  const file = module.startsWith("file:") ? fileURLToPath(module) : module;
  try {
    return { exported: ((await import(module)) as { default?: unknown }).default, file };
  } catch (error) {
    throw new RecipeError(`${place}: cannot load ${file}: ${oneLine(error)}`);
  }
}

/** Imports a module and returns the definition that is its default export. `place` begins every error message. */
export async function loadDefinition(module: string, place: string): Promise<Definition> {
  const { exported, file } = await loadDefault(module, place);
  if (!isDefinition(exported)) {
    throw new RecipeError(
      `${place}: the default export of ${file} is ${exported === undefined ? "missing" : `a ${typeof exported}`}; expected a stage made by defineFilter, defineMap, defineExtractor, …`,
    );
  }
  const missing = REQUIRED[exported.kind]?.find((name) => typeof exported[name as keyof Definition] !== "function");
  if (missing !== undefined) {
    const maker = `define${exported.kind[0]!.toUpperCase()}${exported.kind.slice(1)}`;
    throw new RecipeError(
      `${place}: "${exported.name}" in ${file} lacks the function "${missing}", which ${maker} needs`,
    );
  }
  return exported;
}

/** Functions without which a stage cannot run: whoever writes JavaScript has no compiler that asks for them. */
const REQUIRED: Readonly<Record<Definition["kind"], readonly string[]>> = {
  filter: ["score", "keep"],
  rewriter: ["rewrite", "keep"],
  map: ["map"],
  extractor: ["extract"],
  dedup: ["sign", "openIndex"],
  passages: ["openIndex"],
  source: ["plan", "read"],
  sink: ["encode", "open"],
};

/** Loads the definition that a spec names, and says by name when it is defined where no worker can find it. */
export async function definitionOf(spec: StageSpec, place: string): Promise<Definition> {
  if (process.argv[1] !== undefined && spec.module === pathToFileURL(process.argv[1]).href) {
    throw new RecipeError(
      `${place}: stage "${spec.name}" is defined in ${process.argv[1]}, the script that starts the run; workers cannot import that: move it to a file of its own as the default export`,
    );
  }
  const definition = await loadDefinition(spec.module, place);
  if (definition.name !== spec.name) {
    throw new RecipeError(
      `${place}: ${spec.module} exports the stage "${definition.name}" by default, expected "${spec.name}"; give each stage a file of its own`,
    );
  }
  return definition;
}

function isDefinition(value: unknown): value is Definition {
  return typeof value === "function" && "kind" in value && "params" in value && "version" in value;
}

/**
 * Where a stage's code comes from, without any path of a machine: the engine's or a package's name and version, or for
 * a user's own file the digest of the file and of the files it imports by relative path.
 */
export function codeOrigin(module: string): string {
  const path = fileURLToPath(module);
  if (path.startsWith(ENGINE_ROOT) && !relative(ENGINE_ROOT, path).startsWith(`node_modules${sep}`)) {
    // Inside the engine's own folders it is built in; a user's file may well lie in a clone of the engine, too.
    const folder = relative(ENGINE_ROOT, path).split(sep)[0]!;
    if (ENGINE_FOLDERS.has(folder)) return `sluice@${engineVersion}`;
  }
  const installed = path.lastIndexOf(`${sep}node_modules${sep}`);
  if (installed >= 0) {
    const parts = path.slice(installed + "/node_modules/".length).split(sep);
    const name = parts.slice(0, parts[0]!.startsWith("@") ? 2 : 1).join("/");
    const manifest = join(path.slice(0, installed), "node_modules", name, "package.json");
    if (existsSync(manifest))
      return `${name}@${(JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version}`;
  }
  return `sha256:${digestWithImports(path)}`;
}

const ENGINE_FOLDERS = new Set(["pipeline", "stages", "classifiers", "tokenizer", "trainer", "eval"]);

function digestWithImports(path: string): string {
  const hash = createHash("sha256");
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file) || !existsSync(file)) return;
    seen.add(file);
    const code = readFileSync(file);
    hash.update(`${code.length}\0`).update(code);
    for (const [, specifier] of code.toString("utf8").matchAll(/(?:from|import)\s*\(?\s*["'](\.{1,2}\/[^"']+)["']/g)) {
      visit(join(dirname(file), specifier!));
    }
  };
  visit(path);
  return hash.digest("hex");
}

const fingerprints = new Map<string, string>();

/**
 * Digest of the running engine's code (of the folders that the work depends on, without the commands), of Node and of the
 * installed packages. It guards the cache alone: after any change to the engine, cached work is done again; identities
 * (manifest ids) hold the package's version instead.
 */
export function engineFingerprint(folders: readonly string[]): string {
  const sorted = [...folders].sort();
  const known = fingerprints.get(sorted.join());
  if (known !== undefined) return known;
  const hash = createHash("sha256").update(JSON.stringify(process.versions));
  // What is installed beside the engine: a parser's new version gives other texts.
  for (const lock of ["node_modules/.package-lock.json", "../.package-lock.json"]) {
    const path = join(PACKAGE_ROOT, lock);
    if (existsSync(path)) hash.update(readFileSync(path));
  }
  for (const folder of sorted) {
    const root = join(ENGINE_ROOT, folder);
    if (!existsSync(root)) continue;
    const files = readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && (entry.name.endsWith(EXTENSION) || entry.name.endsWith(".wasm")))
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((file) => !relative(ENGINE_ROOT, file).startsWith(join("pipeline", "cli", sep)))
      .sort();
    for (const file of files) hash.update(relative(ENGINE_ROOT, file)).update(readFileSync(file));
  }
  const fingerprint = hash.digest("hex");
  fingerprints.set(sorted.join(), fingerprint);
  return fingerprint;
}
