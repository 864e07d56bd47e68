/** Where the fate of some pages is unknown, what is told of the others holds whatever becomes of these. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { exactDedup, minhashDedup } from "../../index.ts";
import { seededRandom } from "../../pipeline/random.ts";
import { type DedupDefinition, type DedupIndex, defineDedup, z } from "../../pipeline/stage.ts";
import type { AskedStage } from "../../pipeline/what-if/asked-stages.ts";
import { DuplicatesAgain } from "../../pipeline/what-if/duplicates-again.ts";
import type { Fate, RecordedPage } from "../../pipeline/what-if/recorded-pages.ts";

const STAGES = 3;
const KEPT: Fate = { outcome: "kept", stageIndex: STAGES, stage: "", reason: "" };
const DROPPED: Fate = { outcome: "dropped", stageIndex: 2, stage: "late", reason: "late" };

/** Pages are sets of features: their keys are some of these, and pages that share enough are duplicates. */
interface ToyPage {
  readonly keys: readonly Uint32Array[];
  /** Whether the run signed it. */
  readonly isSigned: boolean;
  /** What becomes of it duplicates aside; "open" if that is unknown. */
  readonly fate: "kept" | "dropped" | "open";
}

function drawPages(random: () => number, keyWords: readonly number[], places: readonly number[]): ToyPage[] {
  const below = (n: number) => Math.floor(random() * n);
  const width = 2 + below(6);
  let open = 0;
  return Array.from({ length: 6 + below(18) }, () => {
    const keys = keyWords.map((words, k) => {
      const firsts = Array.from(
        { length: places[k]! },
        (_, place) => Math.imul(1 + below(width) + 64 * place, 0x9e3779b1) >>> 0,
      );
      return Uint32Array.from(firsts.flatMap((first) => new Array<number>(words).fill(first)));
    });
    const fate = random() < 0.25 && open < 5 ? "open" : random() < 0.2 ? "dropped" : "kept";
    if (fate === "open") open++;
    return { keys, isSigned: fate !== "open" || random() < 0.6, fate };
  });
}

/** What becomes of every page if those that are open stay or go as they are told. */
function world(pages: readonly ToyPage[], stages: readonly AskedStage[], stay: readonly boolean[]): Fate[] {
  const again = new DuplicatesAgain(stages, "asked", evidenceOf(pages));
  return pages.map((page, n) => {
    const stays = page.fate === "open" ? stay[n]! : page.fate === "kept";
    return again.decide(recorded(page, n, true), stays ? KEPT : DROPPED);
  });
}

function recorded({ keys, isSigned }: ToyPage, row: number, isWhole: boolean): RecordedPage {
  const signatures = new Map(isWhole || isSigned ? keys.map((one, k) => [k, { number: row, keys: one }]) : []);
  return { row, id: String(row), way: { ...KEPT, stageIndex: isWhole || isSigned ? STAGES : 0 }, signatures } as never;
}

/** Evidence of the minhash index: sorted words, here a page's keys. */
function evidenceOf(pages: readonly ToyPage[]) {
  return (stage: number, signature: number) =>
    new Uint8Array(Uint32Array.from(pages[signature]!.keys[stage]!).sort().buffer);
}

function stageOf(index: number, definition: DedupDefinition, params: unknown): AskedStage {
  return { index, label: `dedup-${index}`, definition, own: params, asked: params, isChanged: false };
}

/** Remembers the first two pages of a key alone, and compares the first three that it finds: what others overlook matters. */
class ShortSighted implements DedupIndex {
  readonly #pages = new Map<string, number[]>();
  #count = 0;
  readonly bytes = 0;

  #lists(keys: Uint32Array): number[][] {
    return [...keys].map((key, place) => {
      const list = this.#pages.get(`${place} ${key}`) ?? [];
      this.#pages.set(`${place} ${key}`, list);
      return list;
    });
  }
  find(keys: Uint32Array, evidence: (added?: number) => Uint8Array) {
    const candidates = [...new Set(this.#lists(keys).flat())].sort((a, b) => a - b).slice(0, 3);
    const features = (bytes: Uint8Array) => new Set(new Uint32Array(bytes.slice().buffer));
    const own = features(evidence());
    const twin = candidates.find((one) => own.intersection(features(evidence(one))).size >= own.size - 1);
    return twin === undefined ? undefined : { twin, reason: "alike", similarity: 1 };
  }
  room(keys: Uint32Array): number {
    const lists = this.#lists(keys);
    return Math.min(2 - Math.max(...lists.map(({ length }) => length)), 3 - new Set(lists.flat()).size);
  }
  add(keys: Uint32Array): void {
    const n = this.#count++;
    for (const list of this.#lists(keys)) if (list.length < 2) list.push(n);
  }
}
const shortSighted = defineDedup({
  name: "short-sighted",
  module: import.meta.url,
  version: 1,
  params: z.object({}),
  keyWords: 1,
  sign: () => null,
  openIndex: () => new ShortSighted(),
});
/** The same, without a word on its keys and its limits. */
const silent = defineDedup({
  name: "silent",
  module: import.meta.url,
  version: 1,
  params: z.object({}),
  sign: () => null,
  openIndex: () => new ShortSighted(),
});

const CASES: [title: string, stages: AskedStage[], keyWords: number[], places: number[], known: number][] = [
  [
    "exact and near duplicates",
    [
      stageOf(0, exactDedup, exactDedup().params),
      stageOf(1, minhashDedup, minhashDedup({ bands: 5, rows: 2, minJaccard: 0.4 }).params),
    ],
    [4, 2],
    [1, 5],
    0.5,
  ],
  [
    "an index that overlooks many",
    [stageOf(0, shortSighted, {}), stageOf(1, exactDedup, exactDedup().params)],
    [1, 4],
    [4, 1],
    0.2,
  ],
  ["an index that does not tell what its keys are", [stageOf(0, silent, {})], [1], [4], 0.02],
];

for (const [title, stages, keyWords, places, known] of CASES) {
  test(`${title}: what is told holds whatever becomes of unknown pages`, () => {
    let told = 0;
    let same = 0;
    for (let seed = 0; seed < 200; seed++) {
      const pages = drawPages(seededRandom(seed), keyWords, places);
      const open = pages.flatMap(({ fate }, n) => (fate === "open" ? [n] : []));
      const again = new DuplicatesAgain(stages, "asked", evidenceOf(pages));
      const answers = pages.map((page, n) => {
        const stop = page.isSigned ? 2 : 0;
        const unknown: Fate = { outcome: "unknown", stageIndex: stop, stage: "late", reason: "not-measured" };
        return again.decide(
          recorded(page, n, false),
          page.fate === "open" ? unknown : page.fate === "kept" ? KEPT : DROPPED,
        );
      });
      const worlds = Array.from({ length: 2 ** open.length }, (_, bits) =>
        world(
          pages,
          stages,
          pages.map((_, n) => ((bits >> open.indexOf(n)) & 1) === 1),
        ),
      );
      for (const [n, answer] of answers.entries()) {
        if (pages[n]!.fate === "open" && !pages[n]!.isSigned) continue;
        const fates = new Set(worlds.map((fates) => `${fates[n]!.outcome} ${fates[n]!.stage} ${fates[n]!.reason}`));
        if (open.some((one) => one < n) && fates.size === 1) same++;
        if (answer.outcome === "unknown") continue;
        assert.deepEqual([...fates], [`${answer.outcome} ${answer.stage} ${answer.reason}`], `seed ${seed}, page ${n}`);
        if (open.some((one) => one < n)) told++;
      }
    }
    assert.ok(told > known * same, `${told} of ${same} pages told that are the same in every world`);
  });
}
