/**
 * The supervisor: V8 ends the whole process when some structures outgrow the heap, whatever a worker's limits say, and
 * the kernel may do the same. So the engine runs in a child. When the child is killed under a page, it is started
 * again with the pages that were being worked on as suspects: until these are through, pages run one at a time, and a
 * suspect that takes the process down again is convicted and quarantined.
 */
import { fork } from "node:child_process";
import { appendFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Convictions } from "./convictions.ts";
import type { EngineOrder, EngineReply } from "./engine-process.ts";
import { RetryError, revive } from "./errors.ts";
import type { RunEvent } from "./events.ts";
import { type PagePlace, readJournal } from "./heartbeat.ts";
import type { Manifest } from "./manifest.ts";
import { engineModule } from "./modules.ts";
import { EVENTS, WORK } from "./out-folder.ts";
import { keyOfLeg, makePlan } from "./plan.ts";
import { type CheckedRecipe, outDir } from "./recipe.ts";
import { labelOf } from "./stage.ts";
import { CONVICTIONS } from "./store.ts";

export interface SupervisedOptions {
  readonly workers: number;
  readonly cache: string | undefined;
  readonly force: boolean;
  readonly sharedAfter: readonly number[];
  readonly dedupMemoryMb: number;
  readonly signal?: AbortSignal | undefined;
  readonly emit: (event: RunEvent) => void;
}

/** Engine deaths in a row without a page convicted. */
const MAX_FRUITLESS_RESTARTS = 3;

type End = { manifest: Manifest } | { failure: Error } | { died: string; pid: number | undefined };

export async function superviseRun(recipe: CheckedRecipe, options: SupervisedOptions): Promise<Manifest> {
  const work = join(outDir(recipe), WORK);
  /** For what happens between two engines: nobody else is there to write it down. */
  const tell = (event: RunEvent) => {
    options.emit(event);
    const line = JSON.stringify({ time: new Date().toISOString(), ...event });
    if (existsSync(work)) appendFileSync(join(outDir(recipe), EVENTS), `${line}\n`);
  };
  let suspects: readonly PagePlace[] | undefined;
  let fruitless = 0;
  for (;;) {
    if (options.signal?.aborted === true) throw stopped();
    const end = await runChild(recipe, options, suspects);
    if ("manifest" in end) return end.manifest;
    if ("failure" in end) throw end.failure;
    const underWay = readJournal(join(work, "journal"), end.pid);
    const guilty = underWay.length === 1 ? suspects?.find((one) => isSamePage(one, underWay[0]!)) : undefined;
    if (guilty === undefined) {
      if (++fruitless > MAX_FRUITLESS_RESTARTS) {
        throw new RetryError(
          `the engine died ${fruitless} times (${end.died}) and no page could be blamed; is there enough memory for ${options.workers} workers? Finished spans are kept: run again, with fewer --workers`,
        );
      }
      suspects = underWay;
    } else {
      fruitless = 0;
      const plan = await makePlan(recipe);
      const planned = plan.spans[guilty.span]!;
      const { span } = planned;
      const { ordinal, stage } = underWay[0]!;
      const key = keyOfLeg(plan, planned, stage);
      const charge = { reason: "crashed-the-process", detail: `took the process down twice (${end.died})` } as const;
      const convictions = new Convictions(join(options.cache ?? join(work, "spans"), CONVICTIONS));
      convictions.add({ key, ordinal, stage, ...charge });
      const name = labelOf((recipe.stages[stage] ?? recipe.sink).spec);
      tell({ type: "convicted", file: span.file, span: span.index, ordinal, stage: name, ...charge });
      suspects = suspects!.filter((one) => one !== guilty);
    }
    tell({ type: "restart", cause: end.died, suspects: suspects.length });
  }
}

function stopped(): RetryError {
  return new RetryError("the run was stopped; finished spans are kept: the same command goes on from here");
}

function isSamePage(a: PagePlace, b: PagePlace): boolean {
  return a.span === b.span && a.ordinal === b.ordinal;
}

function runChild(
  recipe: CheckedRecipe,
  options: SupervisedOptions,
  suspects: readonly PagePlace[] | undefined,
): Promise<End> {
  const child = fork(fileURLToPath(engineModule("pipeline/engine-process")), [], {
    execArgv: ["--disable-warning=ExperimentalWarning"],
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    env: { ...process.env, SLUICE_SUPERVISED: "1" },
  });
  const crashText = relayOutput(child.stdout!, child.stderr!, options.emit);
  const stopChild = () => child.kill("SIGTERM");
  options.signal?.addEventListener("abort", stopChild);
  return new Promise<End>((resolve, reject) => {
    let end: End | undefined;
    child.on("message", (reply: EngineReply) => {
      if (reply.type === "event") options.emit(reply.event);
      else if (reply.type === "done") end = { manifest: reply.manifest };
      else end = { failure: revive(reply) };
    });
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      options.signal?.removeEventListener("abort", stopChild);
      if (options.signal?.aborted === true && !(end !== undefined && "manifest" in end)) {
        end = { failure: stopped() };
      }
      resolve(end ?? { died: crashText() ?? (signal === null ? `exit code ${code}` : signal), pid: child.pid });
    });
    const { source, stages, sink, ...rest } = recipe;
    const order: EngineOrder = {
      recipe: {
        name: rest.name,
        seed: rest.seed,
        dropped: rest.dropped,
        scores: rest.scores,
        limits: rest.limits,
        source: source.spec,
        stages: stages.map((stage) => stage.spec),
        sink: sink.spec,
      },
      baseDir: recipe.baseDir,
      options: {
        workers: options.workers,
        cache: options.cache,
        force: options.force,
        sharedAfter: options.sharedAfter,
        dedupMemoryMb: options.dedupMemoryMb,
        ...(suspects === undefined ? {} : { suspects }),
      },
    };
    child.send(order);
  });
}

/** Passes on what stages print; keeps V8's dump on a fatal error (two screens) to its first line. */
function relayOutput(
  stdout: NodeJS.ReadableStream,
  stderr: NodeJS.ReadableStream,
  emit: (event: RunEvent) => void,
): () => string | undefined {
  let fatal: string | undefined;
  let dumping = false;
  const relay = (stream: NodeJS.ReadableStream) => {
    let rest = "";
    stream.setEncoding("utf8");
    stream.on("data", (chunk: string) => {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop()!;
      for (const line of lines) {
        if (/^(<--- Last few GCs|FATAL ERROR|# Fatal|----- Native stack trace)/.test(line)) dumping = true;
        fatal ??= /^(?:FATAL ERROR|# Fatal[^:]*): ?(.*)/.exec(line)?.[1];
        if (!dumping && line !== "" && line !== "#") emit({ type: "log", text: line });
      }
    });
    stream.on("end", () => {
      if (!dumping && rest !== "") emit({ type: "log", text: rest });
    });
  };
  relay(stdout);
  relay(stderr);
  return () => fatal;
}
