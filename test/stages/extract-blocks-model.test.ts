/** Which blocks are main text: labels, the choice, and the model that comes with the package. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { BoostedTrees } from "../../classifiers/boosted-trees/index.ts";
import { FormatError } from "../../pipeline/errors.ts";
import { seededRandom } from "../../pipeline/random.ts";
import { FEATURE_NAMES } from "../../stages/extract/blocks/features.ts";
import { type Favor, MainTextModel } from "../../stages/extract/blocks/model/main-text.ts";
import { leaveOutRepeats } from "../../stages/extract/blocks/model/repeats.ts";
import { betaOf, type Judgement, selectBlocks } from "../../stages/extract/blocks/model/select.ts";
import { renderBlocks } from "../../stages/extract/blocks/render.ts";
import { readPage } from "../../stages/extract/blocks/scanner.ts";
import { labelsFromText, overruleByPieces } from "./blocks/labels.ts";

const fixed = (beta: number): Judgement => ({ sure: beta, unsure: beta, leastF: 0 });

test("the choice has the best F to be expected of all thresholds", () => {
  const random = seededRandom(1);
  for (let round = 0; round < 200; round++) {
    const count = 1 + Math.floor(random() * 12);
    const lengths = Array.from({ length: count }, () => 1 + Math.floor(random() * 500));
    // Few different values, so that blocks are often equal.
    const logits = Float64Array.from(lengths, () => Math.round(random() * 10) - 6);
    const betas: Judgement = [fixed(0.5), fixed(2), { sure: 0.5, unsure: 2, leastF: 0 }][round % 3]!;
    const chances = [...logits].map((logit) => 1 / (1 + Math.exp(-logit)));
    const expectedF = (beta: number, isKept: (block: number) => boolean): number => {
      let [hits, kept, wanted] = [0, 0, 0];
      for (let block = 0; block < count; block++) {
        wanted += lengths[block]! * chances[block]!;
        if (!isKept(block)) continue;
        hits += lengths[block]! * chances[block]!;
        kept += lengths[block]!;
      }
      return ((1 + beta ** 2) * hits) / (kept + beta ** 2 * wanted);
    };
    const keep = new Uint8Array(count).fill(7);
    selectBlocks(lengths, logits, betas, keep);
    const bestF = (beta: number): number =>
      Math.max(...chances.map((least) => expectedF(beta, (block) => chances[block]! >= least)));
    const beta = betaOf(bestF(1), betas);
    const best = bestF(beta);
    assert.ok(keep.every((one) => one === 0 || one === 1));
    assert.ok(Math.abs(expectedF(beta, (block) => keep[block] === 1) - best) < 1e-9, `round ${round}`);
    for (let block = 0; block < count; block++) {
      assert.equal(keep[block], keep[[...logits].indexOf(logits[block]!)], "equally likely, alike");
    }
  }
});

test("a page of which too little is to be expected has no main text", () => {
  const keep = new Uint8Array(3).fill(7);
  const lengths = new Float32Array(3).fill(100);
  const judged = (logits: number[], leastF: number): number[] => {
    selectBlocks(lengths, Float64Array.from(logits), { sure: 1, unsure: 1, leastF }, keep);
    return [...keep];
  };
  // Chances of .18, .12 and .12: the best choice is the first, and its F 2 · .18 / (1 + .42).
  assert.deepEqual(judged([-1.5, -2, -2], 0.25), [1, 0, 0]);
  assert.deepEqual(judged([-1.5, -2, -2], 0.26), [0, 0, 0]);
  assert.deepEqual(judged([-1.5, -2, 3], 0.25), [0, 0, 1]);
});

test("a sure page is cut at a half, an unsure one lower, and none comes to nothing", () => {
  const choice = (logits: number[], beta = 1): number[] => {
    const keep = new Uint8Array(logits.length);
    selectBlocks(new Float32Array(logits.length).fill(100), Float64Array.from(logits), fixed(beta), keep);
    return [...keep];
  };
  assert.deepEqual(choice([5, 5, 5, 5, -0.5, -5, -5]), [1, 1, 1, 1, 0, 0, 0]);
  assert.deepEqual(choice([-0.5, -0.5, -0.5, -5, -5]), [1, 1, 1, 0, 0]);
  assert.deepEqual(choice([-9, -8, -9]), [0, 1, 0]);
  assert.deepEqual(choice([-800, -800]), [1, 1]);
  assert.deepEqual(choice([800, -800]), [1, 0]);
  assert.deepEqual(choice([]), []);
  // Who favors recall keeps all that who favors precision keeps.
  const random = seededRandom(2);
  for (let round = 0; round < 50; round++) {
    const logits = Array.from({ length: 20 }, () => random() * 8 - 5);
    const [precise, full] = [choice(logits, 0.5), choice(logits, 1.5)];
    assert.ok(precise.every((one, block) => one <= full[block]!));
  }
});

test("a page's β goes from one to the other as the F to be expected falls", () => {
  const betas = { sure: 0.7, unsure: 1, leastF: 0 };
  assert.deepEqual([betaOf(1, betas), betaOf(0.95, betas), betaOf(0.75, betas), betaOf(0, betas)], [0.7, 0.7, 1, 1]);
  assert.ok(Math.abs(betaOf(0.85, betas) - 0.85) < 1e-12);
  // Half-sure blocks beside sure ones: with others as doubtful they are kept, for the page may be of such alone.
  const keepDoubtful = (logits: number[], unsure: number): boolean => {
    const keep = new Uint8Array(logits.length);
    selectBlocks(
      new Float32Array(logits.length).fill(100),
      Float64Array.from(logits),
      { sure: 0.5, unsure, leastF: 0 },
      keep,
    );
    return keep.at(-1) === 1;
  };
  assert.deepEqual([keepDoubtful([4, 0, -0.6, -0.6], 0.5), keepDoubtful([4, 0, -0.6, -0.6], 2)], [false, true]);
  assert.deepEqual([keepDoubtful([5, 5, 5, 5, 5, -1.5], 0.5), keepDoubtful([5, 5, 5, 5, 5, -1.5], 2)], [false, false]);
});

test("blocks are main text where half of their runs of four words are in the reference", () => {
  const reference = "One two three four five six. Seven, eight: nine ten!";
  const texts = [
    "ONE two THREE four five six", // in another case
    "One two three four five six and",
    "three four five six Seven eight and much else that is not there at all",
    "Seven eight nine",
    "ten nine",
    "nine ten",
    "• • •",
  ];
  const { labels, weights } = labelsFromText(texts, reference);
  assert.deepEqual([...labels], [0, 1, 0, 1, 0, 1, 0]);
  assert.ok(weights[6]! < weights[5]! && weights[5]! < weights[0]! && weights[0]! < weights[2]!);
  const twice = labelsFromText([...texts, ...texts], reference);
  const total = (values: Float32Array): number => values.reduce((sum, weight) => sum + weight, 0);
  assert.ok(Math.abs(total(twice.weights) / total(weights) - Math.SQRT2) < 1e-5);
  assert.deepEqual(labelsFromText([], reference).labels.length, 0);
});

test("of text that is on a page more than once, what stands where the reference has it is main text", () => {
  const filler = (name: string): string => Array.from({ length: 12 }, (_, i) => `${name}${i}`).join(" ");
  const labelsOf = (texts: readonly string[], reference: string): number[] => [
    ...labelsFromText(texts, reference).labels,
  ];
  // A menu's and a footer's words are in the text by chance.
  const menu = Array.from({ length: 30 }, (_, i) => `Entry number ${i}`);
  const main = ["Pears", filler("a"), "Our pears", filler("b"), "Pears"];
  const page = ["Pears", "Our pears", ...menu, ...menu, ...main, ...menu, ...menu, "Our pears"];
  const labels = labelsOf(page, main.join(" "));
  assert.deepEqual(
    labels.flatMap((label, block) => (label === 1 ? [block] : [])),
    [62, 63, 64, 65, 66],
  );
  // A title that the page repeats, and the reference has once, is wanted once; where the text is.
  const title = "A title of five words";
  assert.deepEqual(labelsOf([title, filler("x"), ...menu, title, filler("a")], `${title} ${filler("a")}`), [
    ...[0, 0],
    ...menu.map(() => 0),
    ...[1, 1],
  ]);
  // Paragraphs in another order than the reference's are wanted all the same.
  assert.deepEqual(
    labelsOf([filler("a"), filler("b"), filler("c")], [filler("c"), filler("a"), filler("b")].join(" ")),
    [1, 1, 1],
  );
  // Cards have no long text to stand beside.
  assert.deepEqual(
    labelsOf(["Red pear", "$3", "Buy", "Green pear", "$4", "Buy"], "Red pear $3 Green pear $4"),
    [1, 1, 0, 1, 1, 0],
  );
});

test("pieces that a person chose overrule labels where they lie, and nowhere else", () => {
  const texts = [
    "A  wanted\npiece of text stands here",
    "Share this",
    "other words",
    "the first half of a long piece,",
  ];
  const taught = labelsFromText(texts, "Share this");
  overruleByPieces(taught, texts, ["wanted piece", "", "the first half of a long piece, and the other"], ["Share"]);
  assert.deepEqual([...taught.labels], [1, 0, 0, 1]);
  assert.deepEqual(
    [...taught.weights].map((weight) => weight === 4),
    [true, true, false, true],
  );
});

const ARTICLE = `<html><head><title>Bees in the city - The Daily Hive</title></head><body>
<nav class="menu"><ul><li><a href="/">Home</a></li><li><a href="/news">News</a></li><li><a href="/shop">Shop</a></li></ul></nav>
<article class="post"><h1>Bees in the city</h1>
<p>The first hives came to the roofs of the old town in spring, and nobody expected them to survive the summer there.</p>
<p>But they did, says the keeper, who has counted them every week. “There are more flowers here than in the fields,” she said.</p>
<p>Her honey, which she sells on the market, tastes of lime trees; the city council now wants to have hives on its own roof, too.</p>
</article>
<aside class="related"><h3>Related</h3><ul><li><a href="/1">Ten tips for roofs</a></li><li><a href="/2">Wasps are back</a></li></ul></aside>
<footer class="footer"><p>© 2026 The Daily Hive. All rights reserved. <a href="/privacy">Privacy policy</a></p></footer></body></html>`;

test("the model of the package keeps an article, and leaves what is around it", () => {
  const model = MainTextModel.load();
  const page = readPage(ARTICLE);
  const text = renderBlocks(page, model.select(page), "text");
  for (const piece of ["first hives came", "more flowers here", "lime trees"]) assert.ok(text.includes(piece), piece);
  for (const piece of ["Shop", "Wasps", "Privacy"]) assert.ok(!text.includes(piece), piece);
  const kept = (favor: Favor): Uint8Array => model.select(page, favor);
  assert.ok(kept("precision").every((one, block) => one <= kept("balanced")[block]!));
  assert.ok(kept("balanced").every((one, block) => one <= kept("recall")[block]!));
});

test("a page of little text keeps it, a menu is no main text, and a page without text has none", () => {
  const model = MainTextModel.load();
  const kept = (html: string, favor?: Favor): number[] => [...model.select(readPage(html), favor)];
  assert.deepEqual(kept(""), []);
  for (const html of ["Hello", "<p>Hello</p>", "<pre>code</pre>", "<table><tr><td>a<td>b</table>"]) {
    assert.deepEqual(kept(html), [1], html);
  }
  assert.deepEqual(kept("<nav><a href='/'>Home</a></nav>"), [0]);
  assert.deepEqual(kept("<nav><a href='/'>Home</a></nav>", "recall"), [1]);
});

test("long text is kept once, where it comes first; code, rows and short text each time", () => {
  const long = "A sentence that is long enough for nobody to write it twice on a page.";
  const row = `<tr><td>${long}<td>x`;
  const html = `<p>${long}<p>Short.<p>Short.<blockquote>${long}</blockquote><pre>${long}</pre><pre>${long}</pre><p>${long}`;
  const page = readPage(`${html}<table>${row}${row}</table>`);
  const keep = new Uint8Array(page.count).fill(1);
  leaveOutRepeats(page, keep);
  assert.deepEqual([...keep], [1, 1, 1, 0, 1, 1, 0, 1, 1]);
  // A copy that was not chosen is no first one.
  keep.fill(1)[0] = 0;
  leaveOutRepeats(page, keep);
  assert.deepEqual([...keep], [0, 1, 1, 1, 1, 1, 0, 1, 1]);
});

test("a page of more blocks than pages have keeps its paragraphs, at once", () => {
  const model = MainTextModel.load();
  const many = (html: string): string => Array.from({ length: 30_000 }, () => html).join("");
  const keep = model.select(readPage(`${many("<p>Some text.</p>")}${many("<p><a href='/'>A link</a></p>")}`));
  assert.equal(keep.length, 60_000);
  assert.ok(keep.subarray(0, 30_000).every((one) => one === 1) && keep.subarray(30_000).every((one) => one === 0));
  assert.ok(model.select(readPage(many("<div>x</div>"))).every((one) => one === 1));
});

test("a model of other columns is refused", () => {
  const trees = (names: readonly string[]): BoostedTrees => new BoostedTrees(names, 0, []);
  assert.ok(new MainTextModel(trees(FEATURE_NAMES), "m"));
  for (const names of [FEATURE_NAMES.slice(1), FEATURE_NAMES.slice(0, -1), [...FEATURE_NAMES, "more"], []]) {
    assert.throws(
      () => new MainTextModel(trees(names), "m.trees"),
      (error: Error) => error instanceof FormatError && /^m\.trees: column \d+ is .*train anew$/.test(error.message),
    );
  }
});
