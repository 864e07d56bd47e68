/**
 * Files between the stages of a method: JSON Lines, each beside a small seal that says what they were made from.
 *
 *     out/judgements.jsonl             rows
 *     out/judgements.jsonl.seal.json   key, sha256, number of rows
 *
 * The seal is written last. Rows are taken again only under a seal of the same key, and where every byte is as it was written:
 * a kill at any moment, another config or a damaged file cost the making, never the result.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { failpoint } from "../../pipeline/failpoints.ts";
import { writeDurably } from "../../pipeline/io/durable.ts";

const Seal = z.strictObject({ key: z.string(), sha256: z.string(), rows: z.int().min(0) });

export interface ArtifactRows<T> {
  readonly rows: readonly T[];
  /** Of the file: part of the key of what is made from it. */
  readonly sha256: string;
}

/**
 * The rows of `name` in the folder `out`: those that are there, if they were made under this key, otherwise what `make`
 * gives, as JSON has it. The key is a digest of all that decides them.
 * @example
 * const { rows } = await artifactRows(out, "judgements.jsonl", digestOf({ answers, verifiers }), () => judge(answers));
 */
export async function artifactRows<T>(
  out: string,
  name: string,
  key: string,
  make: () => Promise<readonly T[]> | readonly T[],
): Promise<ArtifactRows<T>> {
  const path = join(out, name);
  const there = readSealed<T>(path, key);
  if (there !== undefined) return there;
  const rows = await make();
  const bytes = Buffer.concat(rows.map((row) => Buffer.from(`${JSON.stringify(row)}\n`)));
  const sha256 = sha256Of(bytes);
  await mkdir(dirname(path), { recursive: true });
  failpoint("artifact");
  await writeDurably(path, bytes);
  failpoint("artifact");
  const seal: z.output<typeof Seal> = { key, sha256, rows: rows.length };
  await writeDurably(sealOf(path), `${JSON.stringify(seal)}\n`);
  failpoint("artifact");
  // As whoever goes on from the file has them.
  return { rows: rowsIn<T>(bytes), sha256 };
}

function readSealed<T>(path: string, key: string): ArtifactRows<T> | undefined {
  if (!existsSync(path) || !existsSync(sealOf(path))) return undefined;
  const seal = sealIn(readFileSync(sealOf(path), "utf8"));
  if (seal?.key !== key) return undefined;
  const bytes = readFileSync(path);
  const sha256 = sha256Of(bytes);
  if (sha256 !== seal.sha256) return undefined;
  return { rows: rowsIn<T>(bytes), sha256 };
}

function rowsIn<T>(bytes: Buffer): T[] {
  const rows: T[] = [];
  // Line by line: a text has an end of its own, at half a gigabyte.
  for (let from = 0; from < bytes.length; ) {
    const to = bytes.indexOf("\n", from);
    rows.push(JSON.parse(bytes.toString("utf8", from, to)) as T);
    from = to + 1;
  }
  return rows;
}

/** Nothing where it is no seal of ours. */
function sealIn(text: string): z.output<typeof Seal> | undefined {
  try {
    return Seal.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function sealOf(path: string): string {
  return `${path}.seal.json`;
}

function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
