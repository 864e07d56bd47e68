/**
 * Encoding speed on four corpora, in all built-in vocabularies: `node test/bench/tokenizer.ts [megabytes] [rounds]`.
 * The corpora are written as files to a temporary folder, which stays for other programs to be measured on.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { benchTokenizer } from "../../pipeline/cli/bench-tokenizer.ts";
import { corpus } from "../tokenizer/corpora.ts";
import { BUILT_IN } from "../tokenizer/oracle.ts";

const [megabytes = "20", rounds = "3"] = process.argv.slice(2);

const folder = join(tmpdir(), "sluice-corpora");
mkdirSync(folder, { recursive: true });
const files: string[] = [];
for (const name of ["en", "web", "multi", "code"] as const) {
  const documents = corpus(name, Number(megabytes) * 1e6);
  if (documents.length === 0) {
    console.error(`${name}: there is no such text here (needs ../shared/data/crawl)`);
    continue;
  }
  const path = join(folder, `${name}.txt`);
  writeFileSync(path, documents.join("\n"));
  files.push(path);
}

const flags = ["--megabytes", megabytes, "--rounds", rounds, ...BUILT_IN.flatMap((name) => ["--tokenizer", name])];
await benchTokenizer().parseAsync([...files, ...flags], { from: "user" });
