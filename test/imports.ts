/** The project's TypeScript files and what each imports, as TypeScript's own parser sees it. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

export const ROOT = join(import.meta.dirname, "..");

/** Folders of code. All but `test` are what users install. */
export const FOLDERS = ["pipeline", "stages", "classifiers", "tokenizer", "trainer", "eval", "test"] as const;

export interface Import {
  /** As written; `undefined` where it is computed when the program runs. */
  readonly specifier: string | undefined;
  readonly line: number;
  /** Gone when the program runs: `import type` and `import("…").Type`. */
  readonly isType: boolean;
  /** Runs when the module is loaded, before anything asks for it. */
  readonly isStatic: boolean;
}

/** Every TypeScript file, as a path from the project's root with forward slashes, in order. */
/** Sources of WebAssembly: another language under the same ending. */
const ASSEMBLY = "/assembly/";

export function sourceFiles(): string[] {
  const patterns = ["index.ts", ...FOLDERS.map((folder) => `${folder}/**/*.ts`)];
  return patterns
    .flatMap((pattern) => globSync(pattern, { cwd: ROOT }).map(slashed))
    .filter((file) => !file.includes(ASSEMBLY))
    .sort();
}

export function parse(file: string, code = readFileSync(join(ROOT, file), "utf8")): ts.SourceFile {
  return ts.createSourceFile(file, code, ts.ScriptTarget.Latest, true);
}

/** Static imports, re-exports, `import()` and `import("…").Type`, in the order of the text. */
export function importsOf(source: ts.SourceFile): Import[] {
  const found: Import[] = [];
  const add = (node: ts.Node, specifier: ts.Node | undefined, kind: { isType: boolean; isStatic: boolean }): void => {
    found.push({
      specifier: specifier !== undefined && ts.isStringLiteralLike(specifier) ? specifier.text : undefined,
      line: source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1,
      ...kind,
    });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      add(node, node.moduleSpecifier, { isType: node.importClause?.isTypeOnly ?? false, isStatic: true });
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
      add(node, node.moduleSpecifier, { isType: node.isTypeOnly, isStatic: true });
    } else if (ts.isImportTypeNode(node)) {
      const { argument } = node;
      add(node, ts.isLiteralTypeNode(argument) ? argument.literal : undefined, { isType: true, isStatic: false });
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node, node.arguments[0], { isType: false, isStatic: false });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** Whether a module has a default export, and where: an expression or declaration. */
export function defaultExport(source: ts.SourceFile): ts.Statement | undefined {
  return source.statements.find((statement) => ts.isExportAssignment(statement) && !statement.isExportEquals);
}

function slashed(path: string): string {
  return path.replaceAll("\\", "/");
}
