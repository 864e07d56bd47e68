/** Pieces of text and where they lie → text, without any file: `extract-pdf.test.ts` has whole PDFs. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { inflateBounded } from "../../stages/extract/pdf-inflate.ts";
import { inReadingOrder } from "../../stages/extract/pdf-reading-order.ts";
import { withoutRunningLines } from "../../stages/extract/pdf-running-lines.ts";
import { type PdfTextItem, segmentsOf } from "../../stages/extract/pdf-segments.ts";
import { pdfText } from "../../stages/extract/pdf-text.ts";

const SIZE = 10;
/** All characters are half as wide as the font is high. */
const widthOf = (str: string, size = SIZE) => (str.length * size) / 2;

function item(str: string, x: number, y: number, more: Partial<PdfTextItem> = {}, size = SIZE): PdfTextItem {
  const width = widthOf(str, size);
  return {
    str,
    hasEOL: true,
    transform: [size, 0, 0, size, x, y],
    width,
    height: size,
    dir: "ltr",
    fontName: "f",
    ...more,
  };
}

/** Lines with 12 points of leading, as wide as given: what lacks at the end of a line is put between its words. */
function column(lines: readonly string[], x: number, top: number, chars: number): PdfTextItem[] {
  return lines.map((line, index) =>
    item(line, x, top - 12 * index, line.length > 0.8 * chars ? { width: (chars * SIZE) / 2 } : {}),
  );
}

const textOf = (...pages: (readonly PdfTextItem[])[]) => pdfText(pages.map((items) => segmentsOf(items)));

test("pieces side by side are a line; spaces are where the gaps are", () => {
  const pieces = [
    item("Hel", 0, 100, { hasEOL: false }),
    item("lo", 15, 100, { hasEOL: false }),
    item("wide", 29, 100, { hasEOL: false }),
    item(" ", 49, 100, { hasEOL: false, width: 1 }),
    item("world", 50, 100),
  ];
  assert.equal(textOf(pieces), "Hello wide world");
});

test("raised and lowered text stays in its line", () => {
  const pieces = [
    item("H", 0, 100, { hasEOL: false }),
    item("2", 5, 97, { hasEOL: false }, 6),
    item("O is water", 8, 100, { hasEOL: false }),
    item("[1]", 58, 104, {}, 6),
  ];
  assert.equal(textOf(pieces), "H2O is water[1]");
});

test("a line whose pieces are drawn out of order is read from left to right", () => {
  assert.equal(textOf([item("third", 72, 100), item("first", 0, 100), item("second", 36, 100)]), "first second third");
});

test("Hebrew is read from right to left", () => {
  const rtl = { dir: "rtl" };
  assert.equal(textOf([item("שלום", 40, 100, rtl), item("עולם", 10, 100, rtl)]), "שלום עולם");
});

test("text drawn twice, a little aside, is read once", () => {
  assert.equal(textOf([item("Bold", 0, 100), item("Bold", 0.4, 100), item("text", 30, 100)]), "Bold text");
});

test("text running another way is left out, unless it is all there is or a good part", () => {
  const upwards = (str: string, x: number, y: number) => item(str, x, y, { transform: [0, SIZE, -SIZE, 0, x, y] });
  const lines = column(Array(8).fill("upright text of the page"), 50, 700, 24);
  assert.ok(!textOf([...lines, upwards("stamp", 10, 300)]).includes("stamp"));
  assert.equal(textOf([upwards("a sideways", 100, 100), upwards("table", 112, 100)]), "a sideways table");
  const both = textOf([item("upright", 0, 700), upwards("sideways", 300, 100)]);
  assert.equal(both, "sideways\n\nupright");
  const watermark = item("DRAFT", 100, 300, { transform: [7, 7, -7, 7, 100, 300] });
  assert.equal(textOf([item("some text", 0, 700), watermark]), "some text");
  assert.equal(textOf([watermark]), "DRAFT");
});

test("vertical writing is read downwards, its lines from the right", () => {
  const vertical = (str: string, x: number) =>
    item(str, x, 700, { fontName: "v", width: SIZE, height: str.length * SIZE, dir: "ttb" });
  const items = [vertical("縦書きの文章は上か", 500), vertical("ら下へ読みます。", 485)];
  assert.equal(pdfText([segmentsOf(items, { vertical: new Set(["v"]) })]), "縦書きの文章は上から下へ読みます。");
});

const LEFT = [
  "The left column begins here and",
  "goes on for a number of lines,",
  "all of which are about as wide",
  "as the column is, and ends now.",
];
const RIGHT = [
  "The right column is read after",
  "the left one whatever the file",
  "has first, since there is some",
  "room between the two of these.",
];
const PROSE =
  "The left column begins here and goes on for a number of lines, all of which are about as wide as the column is, and ends now.";
const MORE =
  "The right column is read after the left one whatever the file has first, since there is some room between the two of these.";

test("columns are read one after the other, whichever the file has first", () => {
  const left = column(LEFT, 50, 700, 31);
  const right = column(RIGHT, 225, 700, 31);
  for (const items of [
    [...left, ...right],
    [...right, ...left],
  ]) {
    assert.equal(textOf(items), `${PROSE}\n\n${MORE}`);
  }
});

test("columns that the file draws line by line are columns if both are filled with enough prose", () => {
  const left = column([...LEFT, ...LEFT], 50, 700, 31);
  const right = column([...RIGHT, ...RIGHT], 225, 700, 31);
  const rowwise = left.flatMap((line, index) => [line, right[index]!]);
  assert.equal(textOf(rowwise), `${PROSE} ${PROSE}\n\n${MORE} ${MORE}`);
});

test("what goes over both columns is read before what is below it", () => {
  const title = item("A title that is as wide as both of the columns below it", 50, 730, {}, 12);
  const figure = item("A figure that goes over the whole width of this page, as many do", 50, 640);
  const items = [
    ...column(LEFT, 50, 700, 31),
    ...column(LEFT, 50, 600, 31),
    title,
    figure,
    ...column(RIGHT, 225, 700, 31),
    ...column(RIGHT, 225, 600, 31),
  ];
  assert.equal(textOf(items), [title.str, PROSE, MORE, figure.str, PROSE, MORE].join("\n\n"));
});

test("three columns", () => {
  const text = textOf([...column(RIGHT, 225, 700, 31), ...column(LEFT, 400, 700, 31), ...column(LEFT, 50, 700, 31)]);
  assert.equal(text, [PROSE, MORE, PROSE].join("\n\n"));
});

test("tables and tables of contents are read row by row", () => {
  const rows = [
    ["Introduction", "1"],
    ["Materials and methods", "12"],
    ["Results", "31"],
    ["Discussion", "40"],
  ] as const;
  const table = rows.flatMap(([name, page], index) => [
    item(name, 50, 700 - 12 * index),
    item(page, 300, 700 - 12 * index),
  ]);
  const expected = "Introduction 1\nMaterials and methods 12\nResults 31\nDiscussion 40";
  assert.equal(textOf(table), expected);
  const leaders = rows.map(([name, page], index) =>
    item(`${name} ${". ".repeat(30)}${page}`, 50, 700 - 12 * index, { width: 300 }),
  );
  assert.equal(textOf(leaders), expected.replace(/ (?=\d)/g, " … "));
});

test("an order that is none gives way to the page's", () => {
  const lines = Array.from({ length: 12 }, (_, index) => item(`line ${index}.`, 50, 700 - 12 * index));
  const shuffled = lines.map((_, index) => lines[(index * 5) % 12]!);
  assert.equal(textOf(shuffled), lines.map(({ str }) => str).join("\n"));
});

test("paragraphs: gaps, indents, sizes and list marks begin them", () => {
  const prose = ["A paragraph of two lines that go", "on until its end."];
  const lines = (texts: readonly (readonly [string, number?])[], top = 700) =>
    texts.map(([text, indent = 0], index) =>
      item(text, 50 + indent, top - 12 * index, text.length > 28 ? { width: 160 - indent } : {}),
    );
  const joined = prose.join(" ");
  assert.equal(textOf([...column(prose, 50, 700, 32), ...column(prose, 50, 670, 32)]), `${joined}\n\n${joined}`);
  const indented = [[prose[0]!, 15], [prose[1]!], [prose[0]!, 15], [prose[1]!]] as const;
  assert.equal(textOf(lines(indented)), `${joined}\n\n${joined}`);
  assert.equal(
    textOf([item("Heading", 50, 714, {}, 14), ...lines([[prose[0]!], [prose[1]!]])]),
    `Heading\n\n${joined}`,
  );
  const list = [["• one thing that takes two lines, or"], ["nearly, and", 10], ["• another"], ["3. a third"]] as const;
  assert.equal(textOf(lines(list)), "• one thing that takes two lines, or nearly, and\n• another\n3. a third");
  const verse = [["Roses are red,"], ["Violets are blue"], ["And so are you. This line is the longest"]] as const;
  assert.equal(textOf(lines(verse)), verse.map(([text]) => text).join("\n"));
});

test("words broken at a line's end are joined; hyphens of their own stay", () => {
  const pair = (a: string, b: string, before = "") =>
    textOf(column([before, `this is the line before the word ${a}`, `${b} and this is what comes after.`], 50, 700, 40))
      .replace(/.*before the word /s, "")
      .replace(/ and this.*/s, "");
  assert.equal(pair("para-", "graph"), "paragraph");
  assert.equal(pair("GNU-", "Linux"), "GNU-Linux");
  assert.equal(pair("1990-", "1991"), "1990-1991");
  assert.equal(pair("soft\u00ad", "ly"), "softly");
  assert.equal(pair("well-", "known"), "wellknown");
  assert.equal(pair("well-", "known", "It is a well-known fact."), "well-known");
  assert.equal(pair("either/", "or"), "either/or");
});

test("a sentence goes on over columns and pages", () => {
  const first = column(["The page ends in the middle of a", "sentence about something that is"], 50, 700, 32);
  const second = column(["going on after it. And then."], 50, 700, 32);
  const whole = "The page ends in the middle of a sentence about something that is going on after it. And then.";
  assert.equal(textOf(first, second), whole);
  const capital = column(["Going on after it."], 50, 700, 32);
  assert.ok(textOf(first, capital).includes("that is\n\nGoing"));
});

test("program text keeps its lines and indents", () => {
  const code = [
    "def absolute(number, and, more):",
    "if number < 0 and not that at all",
    "return -number",
    "return number",
  ];
  const items = code.map((line, index) =>
    item(line, 50 + [0, 20, 40, 20][index]!, 700 - 12 * index, { fontName: "m" }),
  );
  const [a, b, c, d] = code;
  assert.equal(pdfText([segmentsOf(items, { monospaced: new Set(["m"]) })]), `${a}\n    ${b}\n        ${c}\n    ${d}`);
});

test("lines of Chinese and Japanese are joined without spaces", () => {
  const wide = (str: string, y: number) => item(str, 50, y, { width: str.length * SIZE });
  assert.equal(textOf([wide("日本語の文章は", 700), wide("続きます。", 688)]), "日本語の文章は続きます。");
});

test("ligatures, controls, private characters and odd spaces", () => {
  assert.equal(textOf([item("e\ufb03cient\u0000 x\u00b2\u00a0 y\u0007", 0, 100)]), "efficient x² y");
  assert.equal(textOf([item("\uf0b7 point\ue123", 0, 100)]), "• point");
  assert.equal(textOf([item("\u0001\u0002\ue000", 0, 100)]), "");
});

const TOPICS = ["birds", "trees", "stones", "rivers", "clouds", "stars"];

test("running headers, footers and page numbers go; what is only on some pages stays", () => {
  const pages = Array.from({ length: 6 }, (_, index) => [
    item(index % 2 === 0 ? "A Book of Tests" : `Chapter ${index < 3 ? "One" : "Two"}`, 50, 760),
    ...column([`This is what ${TOPICS[index]} are about.`, "It has a second line."], 50, 700 - index, 60),
    item(index === 2 ? "A note at the foot of one page." : "More.", 50, 200 + 9 * index),
    item(`– ${index + 7} –`, 250, 40),
  ]);
  const text = textOf(...pages);
  assert.ok(!/Book|Chapter|–/.test(text), text);
  assert.equal(text.match(/what \w+ are/g)?.length, 6);
  assert.ok(text.includes("A note at the foot"));
});

test("a line that every page has right above its text is a running line", () => {
  const pages = TOPICS.map((topic, index) =>
    column(
      [`Draft of page ${index}`, `This is what ${topic} are about.`, `${topic} again`, `and ${topic}`],
      50,
      700,
      60,
    ),
  );
  const text = textOf(...pages);
  assert.ok(!text.includes("Draft") && text.includes("what birds are"), text);
});

test("a slide's title is no running header", () => {
  const slides = TOPICS.map((topic) => [
    item(topic, 50, 700, {}, 20),
    ...column([`All about ${topic}.`, "And more."], 50, 600, 60),
  ]);
  assert.ok(textOf(...slides).includes("stones\n\nAll about stones."));
});

test("in a short document nothing is a running line", () => {
  const page = (index: number) => [
    item("Head", 50, 760),
    ...column(["Some text."], 50, 700, 60),
    item(`${index}`, 250, 40),
  ];
  assert.equal(textOf(page(1), page(2)), "Head\n\nSome text.\n\n1\n\nHead\n\nSome text.\n\n2");
});

test("the first line of every page's text is not a running header, nor is a page's only line", () => {
  const pages = Array.from({ length: 6 }, (_, index) =>
    column([`Line ${"abcdef"[index]} of the text`, "and another", "and a third"], 50, 700, 60),
  );
  assert.equal(textOf(...pages).match(/of the text/g)?.length, 6);
  const tickets = Array.from({ length: 6 }, (_, index) => [item(`Ticket ${index}`, 50, 700)]);
  assert.equal(textOf(...tickets).match(/Ticket/g)?.length, 6);
});

test("a heading's number on every page stays", () => {
  const pages = Array.from({ length: 6 }, (_, index) => [
    [`${index + 1}`, "Birds", "Trees", "Stones", "Rivers", "Clouds", "Stars"],
  ]).map(([words], index) => [
    item(words![0]!, 50, 700),
    item(words![index + 1]!, 80, 700),
    ...column(["Text below the heading."], 50, 688, 60),
  ]);
  assert.ok(textOf(...pages).includes("3 Stones"));
});

test("a page of a hundred thousand pieces is read", () => {
  const scattered = Array.from({ length: 100_000 }, (_, i) =>
    item("word", (i * 7919) % 600, (i * 104729) % 790, {}, 3),
  );
  assert.ok(textOf(scattered).length > 100_000);
});

test("positions that are none are left out", () => {
  for (const transform of [[], [NaN, 0, 0, 1, 0, 0], [1, 0, 0, 1, Infinity, 0]]) {
    assert.equal(textOf([item("lost", 0, 0, { transform }), item("found", 0, 0)]), "found");
  }
  assert.equal(textOf([item("flat", 0, 0, { transform: [0, 0, 0, 0, 0, 0] })]), "flat");
  assert.deepEqual(inReadingOrder([]), []);
  assert.deepEqual(withoutRunningLines([]), []);
  assert.equal(textOf(), "");
});

test("inflating is bounded", async () => {
  const { deflateSync } = await import("node:zlib");
  const packed = deflateSync(Buffer.alloc(1000, 1));
  assert.equal(inflateBounded(packed, "deflate", 1000).length, 1000);
  assert.equal(inflateBounded(packed, "deflate", 999).length, 0);
  assert.throws(() => inflateBounded(packed.subarray(0, 8), "deflate"));
});
