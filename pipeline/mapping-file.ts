import { existsSync, readFileSync, statSync } from "node:fs";
import { isMap, LineCounter, parseDocument } from "yaml";
import { oneLine, RecipeError } from "./errors.ts";

/** What a YAML or JSON file says. */
export interface MappingFile {
  readonly value: Record<string, unknown>;
  /** The file and line of a field: the deepest part of the path that is there. */
  readonly locate: (keys: readonly PropertyKey[]) => string;
}

/**
 * Reads a YAML or JSON file that holds a mapping. Raises RecipeError where it does not, with the line; messages take from
 * the options what is said of a file that is not there, what was expected, and which fields that has.
 * @example readMappingFile("recipe.yaml", { missing: "no such recipe", what: "a recipe", fields: "source, stages and sink" })
 */
export function readMappingFile(
  path: string,
  { missing, what, fields }: { readonly missing: string; readonly what: string; readonly fields: string },
): MappingFile {
  if (!existsSync(path)) throw new RecipeError(`${path}: ${missing}`);
  if (statSync(path).isDirectory()) throw new RecipeError(`${path}: found a folder, expected ${what} (YAML or JSON)`);
  const lines = new LineCounter();
  const document = parseDocument(textOf(path), { lineCounter: lines });
  const broken = document.errors[0];
  if (broken !== undefined) {
    throw new RecipeError(
      `${path}:${broken.linePos?.[0].line ?? 1}: not YAML or JSON: ${oneLine(broken.message.split("\n")[0])}`,
    );
  }
  if (!isMap(document.contents)) throw new RecipeError(`${path}:1: expected a mapping with ${fields}`);
  const locate = (keys: readonly PropertyKey[]): string => {
    for (let depth = keys.length; depth > 0; depth--) {
      const node = document.getIn(keys.slice(0, depth), true) as { range?: [number, number, number] } | undefined;
      if (node?.range) return `${path}:${lines.linePos(node.range[0]).line}`;
    }
    return `${path}:1`;
  };
  try {
    const value = document.toJS() as Record<string, unknown>;
    JSON.stringify(value, plain);
    return { value, locate };
  } catch (error) {
    throw new RecipeError(`${path}:1: not YAML or JSON: ${oneLine(error)}`); // Unknown aliases, a bomb or a circle of them.
  }
}

/** Schemas pass over a key of this name without a word. */
function plain(key: string, value: unknown): unknown {
  if (key === "__proto__") throw new Error('a field cannot be called "__proto__"');
  return value;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new RecipeError(`${path}: cannot be read (${oneLine((error as Error).message)})`);
  }
}
