import { statSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { loadTokenizer } from "../../tokenizer/load.ts";
import { FormatError, RecipeError } from "../errors.ts";
import { hashFile } from "../io/durable.ts";
import { type Manifest, readManifest } from "../manifest.ts";
import { openShard, type Shard } from "../shard.ts";
import { wholeNumber } from "./numbers.ts";
import { bytes, count } from "./show.ts";
import { summarize } from "./summary.ts";

interface Flags {
  doc?: number;
  verify?: boolean;
  json?: boolean;
}

export function inspectCommand(): Command {
  return new Command("inspect")
    .description("Show a run's folder or a token shard; decode a document; verify digests.")
    .argument("<path>", "a run's folder, or a .tok shard")
    .option("--doc <n>", "decode document n of a shard, from 0", wholeNumber)
    .option("--verify", "read everything and compare with the digests")
    .option("--json", "as JSON")
    .addHelpText("after", "\nExample:\n  sluice inspect out/data/00000.tok --doc 3\n  sluice inspect out --verify\n")
    .action(async (path: string, flags: Flags) => {
      const found = statSync(path, { throwIfNoEntry: false });
      if (found === undefined) throw new RecipeError(`${path}: no such file or folder`);
      if (!found.isDirectory() && !found.isFile())
        throw new RecipeError(`${path}: a device or pipe; expected a run's folder or a shard`);
      await (found.isDirectory() ? inspectRun(path, flags) : inspectShard(path, flags));
    });
}

async function inspectRun(dir: string, flags: Flags): Promise<void> {
  if (flags.doc !== undefined)
    throw new RecipeError(
      `${dir}: --doc reads a shard; give the path of one, such as ${join(dir, "data", "00000.tok")}`,
    );
  const manifest = readManifest(dir);
  const damaged = flags.verify === true ? await verifyRun(dir, manifest) : undefined;
  if (flags.json === true) console.log(JSON.stringify({ ...manifest, ...(damaged === undefined ? {} : { damaged }) }));
  else {
    console.log(summarize(manifest, dir));
    if (damaged?.length === 0)
      console.log(`verified: ${count(manifest.artifacts.length)} files are what the manifest says`);
  }
  if (damaged !== undefined && damaged.length > 0) throw new FormatError(damaged.join("\n"));
}

async function verifyRun(dir: string, manifest: Manifest): Promise<string[]> {
  const damaged: string[] = [];
  for (const { path, sha256, bytes: expected } of manifest.artifacts) {
    const file = join(dir, path);
    const found = await hashFile(file).catch(() => undefined);
    if (found === undefined) damaged.push(`${file}: missing; the manifest lists it with ${expected} bytes`);
    else if (found.sha256 !== sha256)
      damaged.push(
        `${file}: sha256 ${found.sha256.slice(0, 12)}… of ${found.bytes} bytes, the manifest says ${sha256.slice(0, 12)}… of ${expected}`,
      );
  }
  return damaged;
}

async function inspectShard(path: string, flags: Flags): Promise<void> {
  const shard = openShard(path);
  try {
    if (flags.verify === true) shard.verify();
    if (flags.doc !== undefined) await showDocument(path, shard, flags.doc, flags.json === true);
    else {
      const { version, tokenBytes, tokenCount, documentCount, tokenizer } = shard.header;
      const fileBytes = statSync(path).size;
      if (flags.json === true) console.log(JSON.stringify({ path, bytes: fileBytes, ...shard.header }));
      else {
        console.log(`${path}: token shard, version ${version}, ${bytes(fileBytes)}`);
        console.log(`  ${count(documentCount)} documents, ${count(tokenCount)} tokens of ${tokenBytes} bytes`);
        console.log(
          `  tokenizer ${tokenizer.name}: ${count(tokenizer.vocabSize)} ids, end of text ${tokenizer.endOfText}, digest ${tokenizer.digest.slice(0, 16)}`,
        );
        if (flags.verify === true) console.log("  verified: every byte is as it was written");
      }
    }
  } finally {
    shard.close();
  }
}

async function showDocument(path: string, shard: Shard, n: number, json: boolean): Promise<void> {
  if (n >= shard.documentCount)
    throw new RecipeError(`${path}: no document ${n}; the shard holds ${shard.documentCount}, from 0`);
  const tokenizer = await loadTokenizer(shard.header.tokenizer.name);
  shard.expectTokenizer(tokenizer.digest);
  const ids = shard.tokensOf(n);
  const provenance = shard.provenanceOf(n);
  // The last token ends the document; it is no part of its text.
  const text = Buffer.from(tokenizer.decode(ids.subarray(0, ids.length - 1))).toString("utf8");
  if (json) console.log(JSON.stringify({ document: n, ...provenance, tokens: ids.length, text }));
  else
    console.log(
      `${provenance.url}\n  id ${provenance.id}, from ${provenance.file} byte ${count(provenance.offset)}, ${count(ids.length)} tokens\n\n${text}`,
    );
}
