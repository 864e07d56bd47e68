/** What repeated passages are, with a map of strings: the definition that `RepeatedPassages` is tested against. */
import type { Cut, PassagePage } from "../../../pipeline/stage.ts";
import { countCodePoints, strip } from "../../../pipeline/text/python-text.ts";
import { hostOf } from "../../filters/url/host.ts";
import { normalizePassage } from "./normalize.ts";
import type { PassageParams } from "./repeated-passages.ts";

export type PassageKind = "line" | "paragraph";

interface Passage {
  readonly page: number;
  readonly start: number;
  readonly end: number;
  /** What it is compared by; `undefined` for passages that are not. */
  readonly key: string | undefined;
}

export function repeatedPlainly(pages: readonly PassagePage[], params: PassageParams, kind: PassageKind): Cut[][] {
  const passages = pages.map((page, number) =>
    (kind === "line" ? linesOf(page.text) : paragraphsOf(page.text)).map(
      ([start, end]): Passage => ({ page: number, start, end, key: keyOf(page, number, start, end, params) }),
    ),
  );
  const copiesOf = Map.groupBy(passages.flat(), ({ key }) => key);
  const isCut = (passage: Passage): boolean => {
    if (passage.key === undefined) return false;
    const copies = copiesOf.get(passage.key)!;
    if (copies.length < params.minCopies) return false;
    return params.copies === "none" || passage !== copies[0];
  };
  return passages.map((ofPage, number) =>
    ofPage.filter(isCut).map((passage) => {
      const i = ofPage.indexOf(passage);
      const next = ofPage[i + 1];
      const isTail = ofPage.slice(i).every(isCut);
      const isFirstOfTail = isTail && i > 0 && !isCut(ofPage[i - 1]!);
      return {
        start: isFirstOfTail ? ofPage[i - 1]!.end : passage.start,
        end: next?.start ?? (ofPage.every(isCut) ? pages[number]!.text.length : passage.end),
        twin: copiesOf.get(passage.key)![0]!.page,
      };
    }),
  );
}

function keyOf(page: PassagePage, number: number, start: number, end: number, params: PassageParams) {
  const passage = page.text.slice(start, end);
  const trimmed = strip(passage);
  if (countCodePoints(trimmed) < params.minChars) return undefined;
  if (wordCount(trimmed) < params.minWords) return undefined;
  const normal = normalizePassage(passage, params.normalize);
  if (normal === "") return undefined;
  if (params.scope === "global") return normal;
  const place = params.scope === "page" ? String(number) : hostOf(page.url).toLowerCase();
  return place === "" ? undefined : `${place}\n${normal}`;
}

/** Words between white space as `strip` knows it. */
function wordCount(text: string): number {
  let count = 0;
  let isInWord = false;
  for (const character of text) {
    const isSpace = strip(character) === "";
    if (!isSpace && !isInWord) count++;
    isInWord = !isSpace;
  }
  return count;
}

function linesOf(text: string): [start: number, end: number][] {
  return Array.from(
    text.matchAll(/([^\n]*?)(\r?\n|$)/g),
    ({ 0: line, 1: content, index }): [number, number, number] => [index, index + content!.length, line.length],
  )
    .filter(([, , length]) => length > 0)
    .map(([start, end]) => [start, end]);
}

function paragraphsOf(text: string): [start: number, end: number][] {
  const paragraphs: [start: number, end: number][] = [];
  let isOpen = false;
  for (const [start, end] of linesOf(text)) {
    const isBlank = strip(text.slice(start, end)) === "";
    if (!isBlank && isOpen) paragraphs.at(-1)![1] = end;
    else if (!isBlank) paragraphs.push([start, end]);
    isOpen = !isBlank;
  }
  return paragraphs;
}
