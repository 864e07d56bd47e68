import { RecipeError } from "../../../pipeline/errors.ts";
import { countCodePoints } from "../../../pipeline/text/python-text.ts";
import type { Tokenizer } from "../../../pipeline/tokenizer.ts";
import type { WorkHooks } from "../../../pipeline/work-hooks.ts";
import { countWords } from "../bits-per-byte.ts";
import { expectSpelling, prefixToken } from "../likelihood-tokenizer.ts";
import { rollingWindows } from "../rolling-windows.ts";
import type { Scorer, Window, WindowScore } from "../scorer.ts";
import { encodePair, pairWindows } from "./encode-pair.ts";
import { metricsOf, pooledMetricsOf } from "./metrics.ts";
import type { ItemScore, OptionScores, TaskScores } from "./scores.ts";
import type { ChoiceQuestion, Task, TaskItem } from "./task.ts";

/** Enough windows for the scorer to fill its batches, few enough to hold. */
const ITEMS_AT_ONCE = 256;

/** Scores all items; progress is told in items. Raises RecipeError for items that this tokenizer and model cannot score. */
export async function scoreTask(
  task: Task,
  tokenizer: Tokenizer,
  scorer: Scorer,
  { onProgress, signal }: WorkHooks = {},
): Promise<TaskScores> {
  withPlace(`task ${task.name}`, () => expectSpelling(tokenizer));
  const items: ItemScore[] = [];
  for (let from = 0; from < task.items.length; from += ITEMS_AT_ONCE) {
    const some = task.items.slice(from, from + ITEMS_AT_ONCE);
    const requests = some.map((item) =>
      withPlace(`task ${task.name}, item ${item.id}`, () => requestsOf(item, task, tokenizer, scorer)),
    );
    signal?.throwIfAborted();
    const answers = await answersTo(requests.flat(), scorer);
    let next = 0;
    for (const [i, item] of some.entries()) {
      const own = requests[i]!.length;
      items.push(scoreOf(item, answers.slice(next, next + own)));
      next += own;
    }
    onProgress?.(items.length, task.items.length);
  }
  const groups = Map.groupBy(
    items.filter(({ group }) => group !== undefined),
    ({ group }) => group!,
  );
  return {
    task: task.name,
    items,
    metrics: groups.size === 0 ? metricsOf(items) : pooledMetricsOf(items, [...groups.values()]),
    groups: [...groups].map(([group, own]) => ({ group, items: own.length, metrics: metricsOf(own) })),
    chance: chanceOf(items),
  };
}

/** Text to score, as windows; `bytes` of it. */
interface Request {
  readonly windows: readonly Window[];
  readonly bytes: number;
}

interface Answer {
  readonly logLikelihood: number;
  readonly greedy: boolean;
  readonly bytes: number;
}

function requestsOf(item: TaskItem, task: Task, tokenizer: Tokenizer, { contextLength }: Scorer): Request[] {
  const pair = (context: string, continuation: string): Request => {
    const encoded = encodePair(tokenizer, context, continuation);
    return { windows: pairWindows(encoded, contextLength), bytes: encoded.scoredBytes };
  };
  switch (item.kind) {
    case "choice": {
      const continuations = item.choices.map((choice) => item.delimiter + choice);
      const conditional = continuations.map((continuation) => pair(item.context, continuation));
      return task.mutualInfo ? [...conditional, ...continuations.map((one) => pair("", one))] : conditional;
    }
    case "partial-context":
      return item.contexts.map((context) => pair(context, item.delimiter + item.continuation));
    case "continuation":
      return [pair(item.context, item.delimiter + item.answer)];
    case "rolling": {
      const windows = rollingWindows(tokenizer.encode(item.text), prefixToken(tokenizer), contextLength);
      return [{ windows, bytes: Buffer.byteLength(item.original) }];
    }
  }
}

/** Equal windows are scored once: choices without context recur from item to item. */
async function answersTo(requests: readonly Request[], scorer: Scorer): Promise<Answer[]> {
  const distinct = new Map<string, Window>();
  const keys = requests.map(({ windows }) =>
    windows.map((window) => {
      const key = `${window.firstScored}:${Array.prototype.join.call(window.ids)}`;
      distinct.set(key, window);
      return key;
    }),
  );
  const scores = await scorer.score([...distinct.values()]);
  const byKey = new Map<string, WindowScore>(distinct.keys().map((key, i) => [key, scores[i]!]));
  return requests.map(({ bytes }, i) => {
    let nats = 0;
    let greedy = true;
    for (const key of keys[i]!) {
      const score = byKey.get(key)!;
      for (const one of score.nats) nats += one;
      greedy &&= score.greedy.every((one) => one !== 0);
    }
    return { logLikelihood: -nats, greedy, bytes };
  });
}

function scoreOf(item: TaskItem, answers: readonly Answer[]): ItemScore {
  const place = { id: item.id, cluster: item.cluster, ...(item.group !== undefined && { group: item.group }) };
  const right = answers["gold" in item ? item.gold : 0]!;
  const score = { ...place, nats: -right.logLikelihood, bytes: right.bytes };
  if (item.kind === "rolling") return { ...score, words: countWords(item.original) };
  if (item.kind === "continuation") return { ...score, greedy: right.greedy };
  return {
    ...score,
    greedy: right.greedy,
    options: optionScores(
      item,
      answers.map((answer) => answer.logLikelihood),
    ),
  };
}

/** Of a choice item's `all`, the second half is without context, if there is one. */
function optionScores(item: Extract<TaskItem, { gold: number }>, all: readonly number[]): OptionScores {
  const options = item.kind === "choice" ? item.choices.length : item.contexts.length;
  const logLikelihoods = all.slice(0, options);
  const others = logLikelihoods.filter((_, i) => i !== item.gold);
  return {
    logLikelihoods,
    gold: item.gold,
    margin: logLikelihoods[item.gold]! - Math.max(...others),
    predicted: {
      acc: argmax(logLikelihoods),
      ...(item.kind === "choice" && byLength(item, logLikelihoods)),
      ...(all.length > options && { acc_mutual_info: argmax(logLikelihoods.map((ll, i) => ll - all[options + i]!)) }),
    },
  };
}

/** Lengths are those of the choices without delimiter, in code points (Python's `len`) and in UTF-8 bytes. */
function byLength({ choices }: ChoiceQuestion, logLikelihoods: readonly number[]) {
  return {
    acc_norm: argmax(logLikelihoods.map((ll, i) => ll / countCodePoints(choices[i]!))),
    acc_bytes: argmax(logLikelihoods.map((ll, i) => ll / Buffer.byteLength(choices[i]!))),
  };
}

/** Index of the largest; of equals, the first. */
function argmax(values: readonly number[]): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

function chanceOf(items: readonly ItemScore[]): number | undefined {
  let sum = 0;
  for (const { options } of items) {
    if (options === undefined) return undefined;
    sum += 1 / options.logLikelihoods.length;
  }
  return sum / items.length;
}

function withPlace<T>(place: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof RecipeError)) throw error;
    throw new RecipeError(`${place}: ${error.message}`, { cause: error });
  }
}
