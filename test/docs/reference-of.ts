/** Gathers what the recipe reference is made of: every built-in's schema, and the doc comments in its file. */
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import * as sluice from "../../index.ts";
import {
  type ReferenceEntry,
  type ReferenceGroup,
  recipeReference,
  replaceReference,
} from "../../pipeline/cli/reference.ts";
import { recipeSchema } from "../../pipeline/recipe.ts";
import type { Definition } from "../../pipeline/stage.ts";
import { defaultExport, parse, ROOT } from "../imports.ts";

export const REFERENCE_FILE = join(ROOT, "docs", "recipe.md");

/** The document as it ought to be. */
export async function currentReference(): Promise<string> {
  return replaceReference(readFileSync(REFERENCE_FILE, "utf8"), recipeReference(recipeSchema, await referenceGroups()));
}

export async function referenceGroups(): Promise<ReferenceGroup[]> {
  const { sources, stages, sinks } = sluice.registry;
  const listed = { Source: sources, Stage: stages, Sink: sinks };
  return await Promise.all(
    Object.entries(listed).map(async ([title, modules]) => ({
      title,
      entries: await Promise.all(Object.values(modules).map(async (load) => entryOf((await load()).default))),
    })),
  );
}

function entryOf(definition: Definition): ReferenceEntry {
  const { name: use, kind, params, module } = definition;
  const { opening, above, example } = docComments(parse(relative(ROOT, fileURLToPath(module))));
  const codeName = Object.entries(sluice).find(([, value]) => value === definition)?.[0] ?? use;
  const hasRequired = !params.safeParse({}).success;
  return {
    use,
    kind,
    params,
    // A file that opens with a comment says there what it is for, and above the definition what is particular to it.
    summary: firstSentence(opening || above),
    notes: above,
    referenceReasons: "referenceReasons" in definition ? definition.referenceReasons : undefined,
    call: example || `${codeName}(${hasRequired ? "{ … }" : ""})`,
  };
}

export interface DocComments {
  /** The file's own, before its first import. */
  readonly opening: string;
  /** That of the default export. */
  readonly above: string;
  /** The `@example` of the default export. */
  readonly example: string;
}

export function docComments(source: ts.SourceFile): DocComments {
  const statement = defaultExport(source);
  const own = statement === undefined ? "" : docBefore(source.text, statement.getFullStart());
  const opening = statement === source.statements[0] ? "" : docBefore(source.text, 0);
  const [above, example = ""] = own.split(/^@example\s+/m);
  return { opening, above: above!.trim(), example: example.trim() };
}

/** The text of the last doc comment before the code at `position`, without its stars. */
function docBefore(code: string, position: number): string {
  const comments = (ts.getLeadingCommentRanges(code, position) ?? []).map(({ pos, end }) => code.slice(pos, end));
  const doc = comments.findLast((comment) => comment.startsWith("/**")) ?? "";
  return doc
    .replace(/^\/\*\*|\*\/$/g, "")
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, ""))
    .join("\n")
    .trim();
}

/** Up to the first full stop that a new sentence, or nothing, follows: "et al. 2021" and "e.g. this" go on. */
export function firstSentence(text: string): string {
  const paragraph = text
    .split(/\n\s*\n/)[0]!
    .replace(/\s+/g, " ")
    .trim();
  return /^.*?[.!?](?= [A-Z`]|$)/.exec(paragraph)?.[0] ?? paragraph;
}
