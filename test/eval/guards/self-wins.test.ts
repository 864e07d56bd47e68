import assert from "node:assert/strict";
import { test } from "node:test";
import { type SetLosses, selfWins } from "../../../eval/guards/self-wins.ts";
import { sourceWords } from "../../../eval/guards/source-names.ts";

const WEB = { arm: "web", sources: ["crawl", "web"] };
const BOOKS = { arm: "books", sources: ["crawl", "books"] };

test("an arm that wins on its own source and nowhere else is flagged twice", () => {
  const {
    selfWins: found,
    arms,
    foreignSets,
    warnings,
  } = selfWins([WEB, BOOKS], [set("web-val", ["web"], 2, 2.5), set("news", [], 3, 2.9), set("code", [], 1.5, 1.4)]);
  assert.deepEqual(found, [{ arm: "web", set: "web-val", sources: ["web"], margin: 0.5 }]);
  assert.deepEqual(arms, [
    { arm: "web", own: ["web-val"], foreign: [], isConfined: true },
    { arm: "books", own: [], foreign: ["news", "code"], isConfined: false },
  ]);
  assert.deepEqual(foreignSets, ["news", "code"]);
  assert.deepEqual(
    warnings.map(({ kind, message }) => `${kind}: ${message}`),
    [
      "resemblance: web wins on web-val, which is of its own source (web)",
      "resemblance: web is better only on its own source: it wins on web-val and nowhere else",
    ],
  );
});

test("an arm that wins elsewhere, too, is not confined", () => {
  const { arms, warnings } = selfWins(
    [WEB, BOOKS],
    [set("web-val", ["web"], 2, 2.5), set("news", [], 2.9, 3), set("code", [], 1.5, 1.4)],
  );
  assert.equal(arms[0]!.isConfined, false);
  assert.equal(warnings.length, 1);
});

test("a source that all arms have favours none, and equal losses are nobody's win", () => {
  const {
    selfWins: found,
    arms,
    foreignSets,
  } = selfWins(
    [WEB, BOOKS],
    [set("crawl-val", ["crawl"], 2, 2.5), set("web-val", ["web"], 2, 2), set("code", [], 1.4, 1.5)],
  );
  assert.deepEqual(found, []);
  assert.deepEqual(arms[0]!.foreign, ["crawl-val", "code"]);
  assert.deepEqual(foreignSets, ["crawl-val", "code"]);
});

test("winning on another arm's source is a foreign win", () => {
  const { arms, warnings } = selfWins([WEB, BOOKS], [set("web-val", ["web"], 2.5, 2)]);
  assert.deepEqual(arms[1], { arm: "books", own: [], foreign: ["web-val"], isConfined: false });
  assert.deepEqual(
    warnings.map(({ message }) => message),
    [
      "1 held-out set: at least 3 are needed",
      "no held-out set is foreign to all arms: add text that none of them resembles",
    ],
  );
});

test("an arm that was not measured on a set takes no part in it", () => {
  const web: SetLosses = { set: "web-val", sources: ["web"], losses: new Map([["web", 2]]) };
  assert.deepEqual(selfWins([WEB, BOOKS], [web]).selfWins, []);
});

test("names tell corpora by their words, abbreviations included", () => {
  assert.deepEqual(sourceWords("c4_original"), ["c4"]);
  assert.deepEqual(sourceWords("paloma_c4_en"), ["paloma", "c4"]);
  assert.deepEqual(sourceWords("rpj"), sourceWords("RedPajama"));
  assert.deepEqual(sourceWords("paloma_falcon-refinedweb"), ["paloma", "falcon", "refinedweb"]);
  assert.deepEqual(sourceWords("dolma_100_programing_languages"), ["dolma", "programing", "languages"]);
  assert.deepEqual(sourceWords("de-en"), []);
});

function set(name: string, sources: string[], web: number, books: number): SetLosses {
  return {
    set: name,
    sources,
    losses: new Map([
      ["web", web],
      ["books", books],
    ]),
  };
}
