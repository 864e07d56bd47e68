/** Where the saved index of an earlier run lies, and what to say where there is none that a stage can use. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { FormatError, RecipeError } from "../errors.ts";
import type { FilesContext } from "../stage.ts";
import { readIndexInfo } from "./saved-index.ts";

/** Folder of the indexes in a run's output. */
const INDEX_FOLDER = "index";

/** Folder of the index of a stage: its place in the recipe, from 0, and its label. */
export function indexFolder(out: string, { index, label }: { readonly index: number; readonly label: string }): string {
  return join(out, INDEX_FOLDER, `${index + 1}-${label}`);
}

/**
 * Folders of the indexes that a stage compares with, in the runs that its parameter `against` names, in that order. `name` is
 * that of the stage's definition.
 */
export function savedIndexes(name: string, against: readonly string[], context: FilesContext): string[] {
  const { resolvePath, label, place } = context;
  return against.map((run, n) => findSavedIndex(resolvePath(run), { name, label, place: `${place}.against[${n}]` }));
}

/**
 * Folder of the index in the run `run` that is of the stage `name`; of several, of the one that is called `label`. `place` is
 * where the recipe says so, and begins every error.
 */
function findSavedIndex(run: string, { name, label, place }: { name: string; label: string; place: string }): string {
  const stats = statSync(run, { throwIfNoEntry: false });
  if (stats === undefined) throw new RecipeError(`${place}: no such folder: ${run}`);
  if (!stats.isDirectory())
    throw new RecipeError(`${place}: found a file at ${run}, expected the output folder of a run`);
  const found = indexesOf(run);
  const fitting = found.filter((one) => one.stage === name);
  const [chosen, ...others] = fitting.length > 1 ? fitting.filter((one) => one.label === label) : fitting;
  if (chosen !== undefined && others.length === 0) return join(run, INDEX_FOLDER, chosen.folder);
  // One that cannot be read may be the one that is meant.
  const unreadable = found.find(({ error }) => error !== undefined)?.error;
  if (fitting.length === 0 && unreadable !== undefined) throw unreadable;
  if (found.length === 0) {
    throw new RecipeError(
      `${place}: ${run} holds no saved index; expected the output folder of a run of which the stage ${name} has \`saveIndex: true\``,
    );
  }
  const list = found.map(({ folder, stage }) => `${folder}${stage === undefined ? "" : ` of ${stage}`}`).join(", ");
  const expected =
    fitting.length > 1 ? `one of ${name} that is called "${label}": name this stage with \`as\`` : `one of ${name}`;
  throw new RecipeError(`${place}: the saved indexes in ${run} are ${list}; expected ${expected}`);
}

interface Found {
  readonly folder: string;
  readonly label: string;
  /** `undefined` where the index cannot be read. */
  readonly stage?: string;
  readonly error?: FormatError;
}

function indexesOf(run: string): Found[] {
  const dir = join(run, INDEX_FOLDER);
  if (statSync(dir, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  return readdirSync(dir)
    .filter((folder) => /^\d+-./.test(folder))
    .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
    .map((folder) => {
      const label = folder.slice(folder.indexOf("-") + 1);
      try {
        return { folder, label, stage: readIndexInfo(join(dir, folder)).signing.stage };
      } catch (error) {
        if (error instanceof FormatError) return { folder, label, error };
        throw error;
      }
    });
}
