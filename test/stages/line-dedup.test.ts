import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { seededRandom } from "../../pipeline/random.ts";
import { viewUnits } from "../../pipeline/text/units.ts";
import lineDedup from "../../stages/dedup/line-dedup.ts";
import paragraphDedup from "../../stages/dedup/paragraph-dedup.ts";
import {
  NORMALIZATIONS,
  type Normalization,
  normalizePassage,
  normalTable,
} from "../../stages/dedup/passages/normalize.ts";
import { hashText, NO_SEED, PassageHasher } from "../../stages/dedup/passages/passage-hash.ts";
import { PassageTable } from "../../stages/dedup/passages/passage-table.ts";
import { COPIES, type PassageParams, SCOPES } from "../../stages/dedup/passages/repeated-passages.ts";
import { repeatedPlainly } from "../../stages/dedup/passages/repeated-plainly.ts";
import { HOSTILE_TEXTS } from "../contracts/dedup.ts";
import { cutPages, leftOf, pageOf, passagesContract, randomPages } from "../contracts/passages.ts";
import { needsShared, sharedPath } from "../shared.ts";

const COOKIES = "This site uses cookies to bake bread.";

passagesContract("line-dedup", lineDedup, lineDedup(), [
  [`One thing.\n${COOKIES}\nAnother thing.`, `One thing.\n${COOKIES}\nAnother thing.`, []],
  [`${COOKIES}\nA third thing.`, "A third thing.", [0]],
  [`A fourth thing.\n${COOKIES}`, "A fourth thing.", [0]],
  [`A fifth thing.\n${COOKIES}\n${COOKIES}\n`, "A fifth thing.\n", [0, 0]],
  [`${COOKIES}\n`, "", [0]],
  [`${COOKIES} \n`, `${COOKIES} \n`, []],
  [`A sixth thing.\r\n${COOKIES}\r\n\r\nThe end.\r\n`, "A sixth thing.\r\n\r\nThe end.\r\n", [0]],
  [`${COOKIES}\r`, `${COOKIES}\r`, []],
  ["Menu\nMenu\n\n\nMenu", "Menu\nMenu\n\n\nMenu", []],
]);

passagesContract("line-dedup, no copies stay", lineDedup, lineDedup({ copies: "none", minChars: 1 }), [
  ["home\nmenu\nOf shoes and ships.\n", "Of shoes and ships.\n", [0, 0]],
  ["menu\nhome\nOf cabbages and kings.", "Of cabbages and kings.", [0, 0]],
]);

passagesContract("line-dedup, by host", lineDedup, lineDedup({ scope: "host", minChars: 1 }), [
  [{ url: "https://a.example/1", text: "menu\none" }, "menu\none", []],
  [{ url: "https://b.example/1", text: "menu\ntwo" }, "menu\ntwo", []],
  [{ url: "http://A.example:80/2", text: "menu\nthree" }, "three", [0]],
  [{ url: "https://www.a.example/2", text: "menu\nfour" }, "menu\nfour", []],
  [{ url: "", text: "menu\nmenu" }, "menu\nmenu", []],
  [{ url: "https://b.example/?menu", text: "menu\nfive" }, "five", [1]],
]);

passagesContract(
  "line-dedup, in each page",
  lineDedup,
  lineDedup({ scope: "page", minChars: 1 }),
  [
    ["a\nb\na\n\n\nb\nc", "a\nb\n\n\nc", [0, 0]],
    ["a\nb", "a\nb", []],
    ["c\nc\nc", "c", [2, 2]],
  ],
  { grows: false },
);

passagesContract("line-dedup, as cc_net compares", lineDedup, lineDedup({ normalize: "ccnet", minChars: 1 }), [
  ["Copyright © 2019\nÉté, “Café” ", "Copyright © 2019\nÉté, “Café” ", []],
  ["  COPYRIGHT © 2024…\nété, cafÉ", "", [0, 0]],
  ["ete, cafe\nété cafÉ\nCopyright © 24", "ete, cafe\nété cafÉ\nCopyright © 24", []],
  ["«»\n“\n”", "«»\n“\n”", []],
]);

test("from minCopies on, lines are repeated, whichever pages they stand in", () => {
  const pages = ["x\nx\na", "x\nb", "y\ny", "y\nx"];
  const params = { minChars: 1, minCopies: 4 };
  assert.deepEqual(leftOf(lineDedup, lineDedup(params), pages), ["x\na", "b", "y\ny", "y"]);
  assert.deepEqual(leftOf(lineDedup, lineDedup({ ...params, copies: "none" }), pages), ["a", "b", "y\ny", "y"]);
});

test("short lines are left alone: characters without white space around them, and words", () => {
  const pages = (line: string) => [line, `${line}\n`];
  const goes = (line: string, params: object) => leftOf(lineDedup, lineDedup(params), pages(line))[1] === "";
  assert.ok(goes("nineteen and one ch.", {}) && !goes("nineteen characters", {}));
  assert.ok(!goes("   nineteen characters  ", {}));
  assert.ok(goes("𝒳𝒳𝒳", { minChars: 3 }) && !goes("𝒳𝒳𝒳", { minChars: 4 }));
  assert.ok(goes(" two  words ", { minChars: 1, minWords: 2 }) && !goes(" two  words ", { minChars: 1, minWords: 3 }));
  assert.ok(!goes(" \t ", { minChars: 1 }));
});

const CS336 = "data/dedup/cs336-a4";

test("lines that occur twice lose all copies (CS336, assignment 4)", needsShared(CS336), () => {
  const folder = sharedPath(CS336);
  const read = (name: string) =>
    readdirSync(`${folder}/${name}`)
      .sort()
      .map((file) => readFileSync(`${folder}/${name}/${file}`, "utf8"));
  const left = leftOf(lineDedup, lineDedup({ copies: "none", minChars: 1 }), read("documents_with_line_duplicates"));
  assert.deepEqual(left, read("documents_line_deduplicated"));
});

test("two uses of the stage are cc_net's deduplication", () => {
  const pages = randomPages(9, 150).map((text) => text.replaceAll("\r", ""));
  const params = { normalize: "ccnet", minChars: 1 } as const;
  const once = leftOf(lineDedup, lineDedup({ ...params, scope: "page" }), pages);
  const left = leftOf(lineDedup, lineDedup({ ...params, copies: "none" }), once);
  // dedup.py: HashesCollector asks which pages have a line, finalize_doc leaves the first copy in a page.
  const normalLines = pages.map((text) =>
    text.split("\n").map((line) => [line, normalizePassage(line, "ccnet")] as const),
  );
  const pagesWith = new Map<string, number>();
  for (const lines of normalLines) {
    for (const normal of new Set(lines.map(([, normal]) => normal)))
      pagesWith.set(normal, (pagesWith.get(normal) ?? 0) + 1);
  }
  const expected = normalLines.map((lines) => {
    const seen = new Set([""]);
    return lines.filter(([, normal]) => pagesWith.get(normal) === 1 && !seen.has(normal) && seen.add(normal));
  });
  assert.deepEqual(
    left.map((text) => text.split("\n").filter((line) => normalizePassage(line, "ccnet") !== "")),
    expected.map((lines) => lines.map(([line]) => line)),
  );
  assert.ok(expected.flat().length > 50);
});

test("the index cuts what the definition cuts, on random pages", () => {
  const hosts = ["http://a.example/", "http://b.example/x", "no-host-here?", ""];
  for (let seed = 1; seed <= 40; seed++) {
    const random = seededRandom(seed);
    const draw = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
    const pages = [...randomPages(seed, 40), ...HOSTILE_TEXTS].map((text) => ({ text, url: draw(hosts) }));
    const params: PassageParams = {
      scope: draw(SCOPES),
      copies: draw(COPIES),
      minCopies: draw([2, 2, 3, 5]),
      normalize: draw(NORMALIZATIONS),
      minChars: draw([1, 1, 5, 20]),
      minWords: draw([0, 0, 3]),
    };
    const place = `seed ${seed}, ${JSON.stringify(params)}`;
    assert.deepEqual(cutPages(lineDedup, lineDedup(params), pages), repeatedPlainly(pages, params, "line"), place);
    const paragraphs = cutPages(paragraphDedup, paragraphDedup(params), pages);
    assert.deepEqual(paragraphs, repeatedPlainly(pages, params, "paragraph"), place);
  }
});

test("passages are hashed as their normal form is", () => {
  const texts = [
    ...HOSTILE_TEXTS,
    ...randomPages(7, 100),
    "ΑΣ ΑΣΑ",
    "\u{10400}\u0660",
    " a\ufeffb\u2028 c ",
    "\u200b",
    "１٣９",
  ];
  for (const how of NORMALIZATIONS) {
    const hasher = new PassageHasher(how);
    for (const text of texts) {
      const normal = normalizePassage(text, how);
      hasher.hash(text, viewUnits(text).units, 0, text.length, NO_SEED);
      const place = `${how}: ${JSON.stringify(text)}`;
      assert.deepEqual([hasher.a, hasher.b, hasher.length], [...Object.values(hashText(normal)), normal.length], place);
    }
  }
});

test("cc_net's normal form is that of its source", () => {
  const cases = [
    ["  Hello, WORLD 123!  ", "hello, world 000!"],
    ["“x”–y…\u0007\tz", "xyz"],
    ["１２３ ٣ ²", "000 0 ²"],
    ["Ça VÀ? （はい）", "ça và? はい"],
    ["\x1c a \x85", "a"],
  ] as const;
  for (const [text, normal] of cases) assert.equal(normalizePassage(text, "ccnet"), normal);
});

test("cc_net leaves out control characters and the signs of its list, and nothing else", () => {
  // text_normalizer.py, UNICODE_PUNCT. "１" is in it, too, but is made 0 before.
  const signs = "，。、„”“«»」「《》´∶：？！（）；–—．～’…━〈〉【】％►";
  const removed = Array.from({ length: 0x10000 }, (_, unit) => String.fromCharCode(unit)).filter(
    (character) => normalizePassage(`a${character}b`, "ccnet") === "ab",
  );
  const controls = Array.from({ length: 160 }, (_, unit) => String.fromCharCode(unit)).filter((character) =>
    /\p{Cc}/u.test(character),
  );
  assert.deepEqual(removed.sort(), [...controls, ...signs].sort());
});

test("tables of units agree with the definition of every unit", () => {
  for (const how of ["whitespace-case", "ccnet"] as const satisfies Normalization[]) {
    const hasher = new PassageHasher(how);
    assert.equal(normalTable(how).length, 0x10000);
    for (let unit = 0; unit < 0x10000; unit += 1) {
      const text = `a${String.fromCharCode(unit)}b`;
      const normal = normalizePassage(text, how);
      hasher.hash(text, viewUnits(text).units, 0, 3, NO_SEED);
      const { a, b } = hashText(normal);
      if (hasher.a !== a || hasher.b !== b) assert.fail(`${how}: U+${unit.toString(16)}`);
    }
  }
});

test("halves of hashes collide as chance has it, both at once never", () => {
  const count = 300_000;
  const both = new Set<number>();
  const halves = [new Set<number>(), new Set<number>()];
  for (let n = 0; n < count; n++) {
    const { a, b } = hashText(`line ${n.toString(36)} of ${n % 7}`);
    halves[0]!.add(a);
    halves[1]!.add(b);
    both.add((a >>> 6) * 2 ** 26 + (b >>> 6));
  }
  assert.equal(both.size, count, "52 of 64 bits suffice for so many");
  // n² / 2³³ = 10.5 are expected.
  for (const half of halves) assert.ok(count - half.size < 30, `${count - half.size} collisions`);
});

test("a distinct passage costs 21 to 32 bytes, however often it occurs", () => {
  const table = new PassageTable();
  const distinct = 200_000;
  for (let n = 0; n < distinct; n++) {
    const hash = hashText(`${n}`);
    for (let copy = 0; copy <= n % 3; copy++) table.count(hash, n);
    if (n > 2000 && n % 1000 === 0) {
      const bytes = table.bytes / table.size;
      assert.ok(bytes > 21 && bytes < 32.2, `${bytes} bytes`);
    }
  }
  assert.equal(table.size, distinct);
  for (let n = 0; n < distinct; n++) {
    const slot = table.find(hashText(`${n}`));
    if (table.copiesAt(slot) !== 1 + (n % 3) || table.firstPageAt(slot) !== n) assert.fail(`passage ${n}`);
  }
  const stranger = table.find(hashText("never met"));
  assert.equal(table.copiesAt(stranger), 0);
});

test("passages whose places are taken stay findable while the table grows", () => {
  const table = new PassageTable();
  const atTheEnd = [1, 2, 3, 4, 5].map((b) => ({ a: 0xffff_ffff, b }));
  for (const hash of atTheEnd) table.count(hash, hash.b);
  // Nothing else comes near the table's ends.
  for (let n = 0; n < 5000; n++) table.count({ a: 2 ** 30 + (Math.imul(n, 0x9e3779b1) >>> 1), b: 7 }, n);
  assert.deepEqual(
    atTheEnd.map((hash) => table.firstPageAt(table.find(hash))),
    [1, 2, 3, 4, 5],
  );
});

test("the first copy is claimed once, and only in its page", () => {
  const table = new PassageTable();
  const hash = { a: 0xffff_ffff, b: 0x8000_0000 };
  table.count({ a: hash.a, b: 1 }, 3);
  table.count(hash, 5);
  table.count(hash, 7);
  const slot = table.find(hash);
  assert.deepEqual(
    [table.claimFirst(slot, 7), table.claimFirst(slot, 5), table.claimFirst(slot, 5)],
    [false, true, false],
  );
  assert.deepEqual([table.copiesAt(slot), table.firstPageAt(slot)], [2, 5]);
  table.count(hash, 9);
  assert.equal(table.copiesAt(slot), 3);
  assert.equal(table.copiesAt(table.find({ a: hash.a, b: 1 })), 1);
  table.clear();
  assert.deepEqual([table.size, table.copiesAt(table.find(hash))], [0, 0]);
});

test("a page without a host is compared with none", () => {
  const pages = ["", "/only/a/path", "?"].map((url) => ({ url, text: `${COOKIES}\n${COOKIES}` }));
  assert.deepEqual(cutPages(lineDedup, lineDedup({ scope: "host" }), pages.map(pageOf)), [[], [], []]);
});
