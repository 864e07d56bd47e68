import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { reportHtml } from "../../../eval/report/index.ts";
import { ARMS, alignedData, HOSTILE, hostileData, reportData, singleSeedData } from "./fixture.ts";
import { elementsOf, named, parsePage, rowsOf } from "./page.ts";

const CASES = [
  ["five arms", reportData()],
  ["one seed", singleSeedData()],
  ["aligned", alignedData()],
  ["hostile strings", hostileData()],
  [
    "nothing but arms",
    reportData({ domains: [], tasks: [], warnings: [], overlaps: [], limits: [], attribution: [], samples: [] }),
  ],
] as const;
const pages = new Map(await Promise.all(CASES.map(async ([name, data]) => [name, await reportHtml(data)] as const)));

/** Elements that load or run nothing. */
const INERT = new Set(
  "html head meta title link style body main header nav section h1 h2 p b strong span a ul li dl dt dd br div code pre figure figcaption details summary table thead tbody tr th td svg g path circle rect line text tspan title desc".split(
    " ",
  ),
);

for (const [name, html] of pages) {
  const { root, mistakes } = parsePage(html);
  const elements = [...elementsOf(root)];

  test(`${name}: every tag that is opened is closed, and every reference leads somewhere`, () => {
    assert.deepEqual(mistakes, []);
    const ids = elements.flatMap(({ attributes }) => attributes.id ?? []);
    assert.deepEqual(ids.length, new Set(ids).size, "ids are unlike");
    for (const { attributes } of elements) {
      const references = [attributes["aria-labelledby"] ?? "", attributes.href?.replace("#", " ") ?? ""].join(" ");
      for (const id of references.split(" ").filter((one) => one !== "" && one !== "data:,"))
        assert.ok(ids.includes(id), `nothing has the id ${id}`);
    }
  });

  test(`${name}: nothing is loaded, run or sent`, () => {
    for (const { name: tag, attributes } of elements) {
      assert.ok(INERT.has(tag), `<${tag}>`);
      for (const [key, value] of Object.entries(attributes)) {
        assert.ok(!/^(on|src|style$|action|formaction|data$|poster|xlink)/i.test(key), `${tag} ${key}`);
        if (key === "href") assert.match(value, tag === "link" ? /^data:,$/ : /^#/);
        assert.doesNotMatch(value, /url\((?!#)/);
      }
    }
    const [style] = named(root, "style");
    assert.doesNotMatch(style!.text, /url\(|@import|expression/);
    const policy = elements.find(({ attributes }) => attributes["http-equiv"] === "Content-Security-Policy")!;
    const digest = createHash("sha256").update(style!.text).digest("base64");
    assert.equal(
      policy.attributes.content,
      `default-src 'none'; style-src 'sha256-${digest}'; img-src data:; base-uri 'none'; form-action 'none'`,
    );
  });

  test(`${name}: every figure has a caption, a described image and a table`, () => {
    const figures = named(root, "figure");
    assert.ok(figures.length >= 6);
    for (const figure of figures) {
      const id = figure.attributes.id;
      assert.equal(figure.children[0]!.name, "figcaption", id);
      for (const svg of named(figure, "svg")) {
        assert.equal(svg.attributes.role, "img");
        assert.deepEqual(
          svg.children.slice(0, 2).map(({ name }) => name),
          ["title", "desc"],
          id,
        );
      }
      const tables = named(figure, "table");
      assert.equal(tables.length, 1, id);
      assert.ok(rowsOf(tables[0]!).length > 1, id);
    }
  });
}

test("a page of five arms has at most 400 KB", () => {
  assert.ok(Buffer.byteLength(pages.get("five arms")!) <= 400_000);
});

test("hypothesis, conclusion and warnings come before anything else", () => {
  const { root } = parsePage(pages.get("five arms")!);
  const [header] = named(root, "header");
  const { experiment, conclusion } = reportData();
  assert.ok(header!.text.includes(experiment.hypothesis));
  assert.ok(header!.text.replaceAll("\u00a0", " ").includes(conclusion.sentence));
  assert.match(header!.text, /4 warnings: resemblance, contamination \(2\), epochs/);
  assert.equal(named(root, "html")[0]!.attributes.lang, "en");
});

test("verdicts stand with their figures, to the precision of their standard errors", () => {
  const { root } = parsePage(pages.get("five arms")!);
  const [table] = named(root, "table");
  const rows = rowsOf(table!);
  assert.deepEqual(rows[0], [
    "Pair",
    "Verdict",
    "Difference",
    "95 % interval",
    "p (Holm)",
    "Detectable",
    "Seeds needed",
  ]);
  assert.equal(rows.length, 1 + 10);
  const [pair, verdict, difference] = rows[1]!;
  assert.deepEqual([pair, verdict, difference], ["gopher vs language only", "better", "−0.0125"]);
  assert.equal(rows[5]![1], "not resolved at this scale");
  assert.equal(rows[5]![6], "7");
  assert.equal(rows[4]![1], "worse");
});

test("one seed decides nothing, and what could be found is not claimed", () => {
  const { root } = parsePage(pages.get("one seed")!);
  for (const row of rowsOf(named(root, "table")[0]!).slice(1)) {
    assert.equal(row[1], "none from one seed");
    assert.deepEqual(row.slice(4), ["–", "–", "–"]);
  }
});

test("shift stands apart from what ranks, and says so", () => {
  const { root } = parsePage(pages.get("five arms")!);
  const figure = (id: string) => named(root, "figure").find(({ attributes }) => attributes.id === id)!;
  assert.match(figure("figure-shift").text, /This ranks nothing/);
  assert.deepEqual(rowsOf(named(figure("figure-shift"), "table")[0]!)[0], ["Domain", ...ARMS]);
  assert.ok(!figure("figure-held-out").text.includes("raw crawl"));
});

test("every score leads to the run, rows, checkpoint and command that made it", () => {
  const data = reportData();
  const { root } = parsePage(pages.get("five arms")!);
  const links = named(root, "td").flatMap((cell) => named(cell, "a"));
  assert.equal(links.length, data.provenance.length);
  for (const [i, link] of links.entries()) {
    const row = named(root, "tr").find(({ attributes }) => `#${attributes.id}` === link.attributes.href)!;
    const { arm, seed, run, rows, checkpoint, command } = data.provenance[i]!;
    assert.deepEqual(
      row.children.map(({ text }) => text),
      [arm, String(seed), run.slice(0, 12), rows.slice(0, 12), checkpoint.slice(0, 12), command],
    );
  }
});

test("foreign strings are shown as they are, less what controls a terminal or breaks UTF-8", () => {
  const { root } = parsePage(pages.get("hostile strings")!);
  const shown = HOSTILE.replaceAll(/[\u001b\0]/g, "\ufffd").toWellFormed();
  assert.ok(named(root, "h1")[0]!.text.endsWith(shown));
  assert.ok(named(root, "pre").every(({ text }) => text.endsWith(shown)));
  assert.doesNotMatch(pages.get("hostile strings")!, /[\0-\x08\x0b-\x1f\x7f-\x9f]/);
});

test("page texts are in the report only where the data have them", () => {
  const { samples } = reportData();
  const without = samples.map((sample) => ({ ...sample, text: undefined }));
  return reportHtml(reportData({ samples: without })).then((html) => {
    assert.doesNotMatch(html, /<pre|Opening hours/);
    assert.match(html, /Texts are left out of this report/);
  });
});

test("equal data make equal bytes, and what was measured changes its own section alone", async () => {
  const cut = (html: string) => html.replace(/<section id="measured"[\s\S]*?<\/section>/, "");
  const html = pages.get("five arms")!;
  assert.equal(await reportHtml(reportData()), html);
  const data = reportData();
  const elsewhere = {
    ...data,
    arms: data.arms.map((arm) => ({
      ...arm,
      costs: {
        ...arm.costs,
        curationCpuSeconds: 1,
        trainingSeconds: 2,
        money: 3,
        bySource: arm.costs.bySource.map((source) => ({ ...source, money: 4 })),
      },
    })),
    measured: { machine: "another", seconds: 1, units: data.measured.units.slice(1) },
  };
  const other = await reportHtml(elsewhere);
  assert.notEqual(other, html);
  assert.equal(cut(other), cut(html));
  assert.ok(cut(html).length < html.length - 1000);
});
