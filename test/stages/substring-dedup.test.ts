import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { seededRandom } from "../../pipeline/random.ts";
import type { Cut } from "../../pipeline/stage.ts";
import { Minimizers } from "../../stages/dedup/substring/minimizers.ts";
import substringDedup from "../../stages/dedup/substring-dedup.ts";
import { cutPages, leftOf, passagesContract } from "../contracts/passages.ts";
import { needsShared, sharedPath } from "../shared.ts";

const COPIES = ["first", "none"] as const;
type Copies = (typeof COPIES)[number];

/** The definition: a map of every window to where it stood first. */
function plainCuts(pages: readonly string[], minBytes: number, copies: Copies): Cut[][] {
  const bytesOf = pages.map((text) => Buffer.from(text).toString("latin1"));
  const first = new Map<string, { page: number; start: number; count: number }>();
  const windowsOf = (bytes: string) =>
    Array.from({ length: Math.max(0, bytes.length - minBytes + 1) }, (_, start) =>
      bytes.slice(start, start + minBytes),
    );
  for (const [page, bytes] of bytesOf.entries()) {
    for (const [start, window] of windowsOf(bytes).entries()) {
      const known = first.get(window);
      if (known === undefined) first.set(window, { page, start, count: 1 });
      else known.count++;
    }
  }
  return bytesOf.map((bytes, page) => {
    const twins = windowsOf(bytes).map((window, start) => {
      const known = first.get(window)!;
      const goes = copies === "none" ? known.count > 1 : known.page !== page || known.start !== start;
      return goes ? known.page : undefined;
    });
    return cutsOf(pages[page]!, twins, minBytes);
  });
}

/** `twins`: for each place of the text's bytes the twin of the window that begins there, if it goes. */
function cutsOf(text: string, twins: readonly (number | undefined)[], minBytes: number): Cut[] {
  const gone = new Set<number>();
  for (const [start, twin] of twins.entries()) {
    if (twin !== undefined) for (let i = 0; i < minBytes; i++) gone.add(start + i);
  }
  const cuts: { start: number; end: number; from: number; to: number }[] = [];
  let byte = 0;
  let unit = 0;
  for (const character of text) {
    const bytes = Array.from({ length: Buffer.byteLength(character) }, (_, i) => byte + i);
    if (bytes.every((i) => gone.has(i))) {
      const last = cuts.at(-1);
      if (last?.end === unit) last.end = unit + character.length;
      else cuts.push({ start: unit, end: unit + character.length, from: byte, to: byte });
      cuts.at(-1)!.to = byte + bytes.length;
    }
    byte += bytes.length;
    unit += character.length;
  }
  return cuts.map(({ start, end, from, to }) => {
    while (gone.has(from - 1)) from--;
    while (gone.has(to)) to++;
    return { start, end, twin: longestStretch(twins.slice(from, to - minBytes + 1)) };
  });
}

function longestStretch(twins: readonly (number | undefined)[]): number {
  const stretches: { twin: number | undefined; length: number }[] = [];
  for (const twin of twins) {
    const last = stretches.at(-1);
    if (last?.twin === twin) last!.length++;
    else stretches.push({ twin, length: 1 });
  }
  const named = stretches.filter(({ twin }) => twin !== undefined);
  return named.reduce((best, stretch) => (stretch.length > best.length ? stretch : best)).twin!;
}

/** Pages that are put together of pieces of earlier pages and of new characters. */
function copiedPages(seed: number, alphabet: readonly string[], pageCount: number, longest: number): string[] {
  const random = seededRandom(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const pages: string[] = [];
  while (pages.length < pageCount) {
    let text = "";
    for (let parts = below(6); parts > 0; parts--) {
      const source = random() < 0.3 ? text : (pages[below(pages.length)] ?? "");
      const characters = [...source];
      const from = below(characters.length);
      if (random() < 0.6) text += characters.slice(from, from + below(longest)).join("");
      else for (let n = below(longest); n > 0; n--) text += alphabet[below(alphabet.length)]!;
    }
    pages.push(text);
  }
  return pages;
}

const ALPHABETS: readonly (readonly string[])[] = [
  ["a"],
  ["a", "b"],
  [..."abcdefgh \n"],
  [..."aé日😀"],
  [..."日本語漢字"],
  [..."😀😁"],
];

const NOTICE = "All rights reserved, 2024.";
const CJK = "本站所有内容均受版权保护";

for (const copies of COPIES) {
  test(`copies: ${copies}: random texts are cut as by a map of all their windows, whatever the memory`, () => {
    let cutCount = 0;
    for (const [a, alphabet] of ALPHABETS.entries()) {
      for (const minBytes of [16, 21, 60]) {
        const pages = copiedPages(100 * a + minBytes, alphabet, 20, 2 * minBytes);
        const expected = plainCuts(pages, minBytes, copies);
        cutCount += expected.flat().length;
        const spec = substringDedup({ minBytes, copies });
        // Where there is next to no memory, tables hold 192 windows.
        for (const memoryBytes of [1, 1 << 20]) {
          const told = `alphabet ${alphabet.join("")}, minBytes ${minBytes}, memory ${memoryBytes}`;
          assert.deepEqual(cutPages(substringDedup, spec, pages, memoryBytes), expected, told);
        }
      }
    }
    assert.ok(cutCount > 120, `${cutCount} cuts`);
  });

  const text = "data/text/tinyshakespeare.txt.gz";
  test(`copies: ${copies}: real text is cut as by a map of all its windows`, needsShared(text), () => {
    const play = gunzipSync(readFileSync(sharedPath(text)))
      .toString()
      .slice(0, 60_000);
    const scenes = play.match(/.{1,1000}/gs)!;
    const pages = [...scenes, ...scenes.slice(0, 10).map((scene, i) => `${scene.slice(100 * i)}\n${scenes[50 - i]!}`)];
    const spec = substringDedup({ minBytes: 24, copies });
    const expected = plainCuts(pages, 24, copies);
    assert.ok(expected.flat().length > 20);
    for (const memoryBytes of [50_000, 64 << 20]) {
      assert.deepEqual(cutPages(substringDedup, spec, pages, memoryBytes), expected);
    }
  });

  passagesContract(
    `substring-dedup, copies: ${copies}`,
    substringDedup,
    substringDedup({ minBytes: 24, copies }),
    copies === "first"
      ? [
          [`News. ${NOTICE} Contact us.`, `News. ${NOTICE} Contact us.`, []],
          [
            "A page of its own, with nothing that another one has.",
            "A page of its own, with nothing that another one has.",
          ],
          ["", ""],
          [`Sport!${NOTICE}`, "Sport!", [0]],
          [`${NOTICE}${NOTICE}`, "", [0]],
          [`${CJK}。`, `${CJK}。`],
          [`新闻${CJK}!`, "新闻!", [5]],
          ["x".repeat(100), "x", [7]],
          ["-=".repeat(50), "-=", [8]],
          ["Short and short.", "Short and short."],
          ["Short and short.", "Short and short."],
        ]
      : [
          [`News. ${NOTICE} Contact us.`, "News. Contact us.", [0]],
          [
            "A page of its own, with nothing that another one has.",
            "A page of its own, with nothing that another one has.",
          ],
          ["", ""],
          [`Sport! ${NOTICE}`, "Sport!", [0]],
          [`${NOTICE}${NOTICE}`, "", [0]],
          [`${CJK}。`, "。", [5]],
          [`新闻${CJK}!`, "新闻!", [5]],
          ["x".repeat(100), "", [7]],
          ["-=".repeat(50), "", [8]],
          ["Short and short.", "Short and short."],
          ["Short and short.", "Short and short."],
        ],
    // What stood left and right of a cut meets, and may repeat something.
    { idempotent: false, grows: false },
  );
}

test("a string goes whole if it has as many bytes as asked for, and stays whole if it has one less", () => {
  const pages = (text: string) => [`${text}<`, `>${text}`];
  for (const text of ["twenty-five characters...", "ééééééééééééx", "日本語の文字列でx", "😀😁😂🤣😃😄x"]) {
    assert.equal(Buffer.byteLength(text), 25);
    assert.deepEqual(leftOf(substringDedup, substringDedup({ minBytes: 25 }), pages(text)), [`${text}<`, ">"]);
    assert.deepEqual(leftOf(substringDedup, substringDedup({ minBytes: 26 }), pages(text)), pages(text));
  }
});

test("characters of which only a part lies in what repeats stay", () => {
  // U+65E5 and U+6625 have their last bytes in common with U+6565 and U+6725; the first byte is E6 in all four.
  const spec = substringDedup({ minBytes: 19 });
  assert.deepEqual(leftOf(substringDedup, spec, ["\u65e5 seventeen bytes. \u65e5", "\u6565 seventeen bytes. \u6725"]), [
    "\u65e5 seventeen bytes. \u65e5",
    "\u6565\u6725",
  ]);
});

test("a cut of several strings names the page of the longest part", () => {
  const [short, long] = ["a string of thirty characters.", "another string, which has forty letters.."];
  const pages = [short, long, `${short}${long}`, `${long}${short}`];
  const cuts = cutPages(substringDedup, substringDedup({ minBytes: 20 }), pages);
  assert.deepEqual(cuts.slice(2), [[{ start: 0, end: 71, twin: 1 }], [{ start: 0, end: 71, twin: 1 }]]);
});

test("a notice on thousands of different pages stays on the first", () => {
  const notice =
    "Please read our terms of use before you go on. By going on you accept all cookies that we may set, and more.";
  const count = 20_000;
  const cuts = cutPages(
    substringDedup,
    substringDedup(),
    Array.from({ length: count }, (_, i) => `${i}\n${notice}`),
    1 << 20,
  );
  assert.deepEqual(cuts[0], []);
  for (let i = 1; i < count; i++) {
    // Numbers that end alike repeat more than the notice.
    const [cut, ...others] = cuts[i]!;
    const newline = `${i}\n`.length;
    assert.deepEqual(others, []);
    assert.ok(cut!.start < newline && cut!.end === newline + notice.length);
  }
});

test("counts and tables grow with the text", () => {
  const random = seededRandom(11);
  const characters = Buffer.alloc(50_000);
  const texts = Array.from({ length: 80 }, () => {
    for (let i = 0; i < characters.length; i++) characters[i] = 97 + Math.floor(random() * 26);
    return characters.toString();
  });
  // 8 MB have more minimizers than counts begin with, and 64 partitions of them more windows than tables do.
  const cuts = cutPages(substringDedup, substringDedup(), [...texts, ...texts], 4 << 20);
  const whole = (twin: number) => [{ start: 0, end: characters.length, twin }];
  assert.deepEqual(cuts, [...texts.map(() => []), ...texts.map((_, page) => whole(page))]);
});

test("windows fall into runs by their least gram", () => {
  const windowBytes = 40;
  const gramBytes = 20;
  const texts = [...copiedPages(7, [..."ab"], 20, 60), ...copiedPages(8, [..."aé日😀"], 20, 60), "ab".repeat(3000)];
  const keyOf = new Map<string, number>();
  for (const text of texts) {
    const bytes = Buffer.from(text);
    const windows = Math.max(0, bytes.length - windowBytes + 1);
    let next = 0;
    new Minimizers(windowBytes).scan(bytes, bytes.length, ({ count, starts, keys, isPeriodic }) => {
      for (let run = 0; run < count; run++) {
        assert.equal(starts[run], next);
        next = starts[run + 1]!;
        assert.ok(next > starts[run]!);
        if (run > 0) assert.notEqual(keys[run], keys[run - 1]);
        // All windows of the run have a gram in common, one that comes again in the run if it is said to be periodic.
        const inRun = bytes.toString("latin1", starts[run]!, next - 1 + windowBytes);
        const grams = Array.from({ length: inRun.length - gramBytes + 1 }, (_, i) => inRun.slice(i, i + gramBytes));
        const shared = new Set(grams).size < grams.length;
        assert.ok(isPeriodic[run] === 0 || shared);
        for (let w = 0; w < next - starts[run]!; w++) {
          const window = inRun.slice(w, w + windowBytes);
          assert.equal(keyOf.get(window) ?? keys[run], keys[run], "equal windows have equal keys");
          keyOf.set(window, keys[run]!);
        }
      }
    });
    assert.equal(next, windows);
  }
  const distinctKeys = new Set(keyOf.values()).size;
  assert.ok(distinctKeys > 50 && distinctKeys < keyOf.size / 3, `${distinctKeys} keys for ${keyOf.size} windows`);
});

test("nothing is left in the scratch folder, and a folder that is not there is named", () => {
  const spec = substringDedup({ minBytes: 16 });
  const scratch = mkdtempSync(join(tmpdir(), "sluice-substring-"));
  try {
    const page = { text: "the same sentence, the same sentence, the same sentence", url: "" };
    for (const looks of [0, 1, 2]) {
      const index = substringDedup.openIndex(spec.params, { scratch, memoryBytes: 1 << 20 });
      index.observe!(page);
      for (const _ of index.settle!());
      for (let i = 0; i < looks; i++) index.cuts(page);
      index.close!();
      assert.deepEqual(readdirSync(scratch), []);
    }
  } finally {
    rmSync(scratch, { recursive: true });
  }
  const index = substringDedup.openIndex(spec.params, { scratch, memoryBytes: 1 << 20 });
  assert.throws(
    () => index.observe!({ text: "", url: "" }),
    /sluice-substring-.*texts: scratch file cannot be created/,
  );
});
