import { existsSync, readdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { Command } from "commander";
import { stringify } from "yaml";
import { readExperiment } from "../../eval/experiment/experiment.ts";
import { registry } from "../../index.ts";
import { RecipeError } from "../errors.ts";
import { checkRecipe } from "../recipe.ts";
import { DEFAULT_CACHE } from "../run.ts";
import { compareAndShow } from "./compare.ts";
import { checkDemo, type DemoCheck } from "./demo/check.ts";
import { writeDemoExperiment } from "./demo/experiment.ts";
import { writeDemoCrawl } from "./demo/generate.ts";
import { demoRecipe } from "./demo/recipe.ts";
import { positiveInt, type RunFlags, runAndShow, withRunFlags } from "./run.ts";
import { count, table } from "./show.ts";

const DEFAULT_PAGES = 2000;

export function demoCommand(): Command {
  return withRunFlags(
    new Command("demo")
      .description(
        "Make a small crawl with planted, labelled things, run it to token shards, compare what became of each page with what was planned, and compare small models of the curated and the raw crawl.",
      )
      .argument("[dir]", "folder to work in", "demo")
      .option("--seed <n>", "another seed makes another crawl", positiveInt, 1)
      .option("--pages <n>", "pages of the crawl", positiveInt, DEFAULT_PAGES)
      .option("--no-compare", "end with the shards: train and compare no models"),
  )
    .addHelpText("after", "\nExample:\n  sluice demo\n  sluice demo /tmp/demo --seed 7\n")
    .action(async (dir: string, flags: RunFlags & { seed: number; pages: number; compare: boolean }) => {
      const crawlDir = join(dir, "crawl");
      if (existsSync(dir) && readdirSync(dir).length > 0 && !existsSync(join(crawlDir, "labels.jsonl"))) {
        throw new RecipeError(`${dir}: found a folder that no demo left there; expected an empty or new one`);
      }
      const crawl = await writeDemoCrawl(crawlDir, { seed: flags.seed, pages: flags.pages });
      const recipe = demoRecipe("crawl", "out");
      await writeFile(join(dir, "recipe.yaml"), stringify(recipe));
      if (flags.json !== true)
        console.error(
          `made a crawl of ${count(crawl.counts.pages)} pages in ${crawlDir}; its recipe is ${join(dir, "recipe.yaml")}`,
        );
      const checked = await checkRecipe(recipe, { registry, baseDir: resolve(dir) });
      await runAndShow(checked, { ...flags, force: true });
      const check = await checkDemo(join(dir, "out"), crawl.labels);
      if (flags.json === true) console.log(JSON.stringify({ type: "check", ...check }));
      else console.log(describeCheck(check, relative("", join(dir, "out"))));
      if (check.surprises.length > 0) process.exitCode = 1;
      if (!flags.compare) return;
      const path = await writeDemoExperiment(dir);
      if (flags.json !== true) console.error(`\nis the curated crawl a better corpus? ${path} asks it of small models`);
      await compareAndShow(readExperiment(path), {
        command: `sluice compare ${path}`,
        cache: flags.cache === undefined ? DEFAULT_CACHE : flags.cache === "off" ? join(dir, "cache") : flags.cache,
        ...(flags.workers !== undefined && { workers: flags.workers }),
        ...(flags.json !== undefined && { json: flags.json }),
      });
    });
}

function describeCheck({ kinds, surprises }: DemoCheck, out: string): string {
  const rows = Object.entries(kinds).map(([kind, { planted, asPlanned }]) => [kind, count(planted), count(asPlanned)]);
  const lines = [
    "",
    "what was planted in the crawl, and what became of it:",
    table([["", "planted", "as planned"], ...rows]),
  ];
  if (surprises.length === 0) lines.push("  every page met the fate that was planned for it");
  for (const { url, planted, expected, found } of surprises.slice(0, 10))
    lines.push(
      `  surprise: ${url} (${planted}): expected ${expected}, found ${found}; try: npx sluice why ${out} ${url}`,
    );
  if (surprises.length > 10) lines.push(`  … and ${count(surprises.length - 10)} more surprises`);
  return lines.join("\n");
}
