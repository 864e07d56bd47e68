/** What was cut out of a page, a few passages in words. */
import type { CutPassage, StageCuts } from "../../why.ts";
import { count, percent } from "../show.ts";
import { beginning, visible } from "./display-width.ts";

/** Who wants to see more of them takes --json. */
const PASSAGES_SHOWN = 5;

export function cutsInWords({ share, passages, note }: StageCuts, page: string, columns: number): string[] {
  const ofText = share === undefined ? "" : `, ${percent(share, 1)} of the text`;
  const shown = passages.slice(0, PASSAGES_SHOWN);
  const more = passages.length - shown.length;
  return [
    `    it cut ${count(passages.length)} ${passages.length === 1 ? "passage" : "passages"}${ofText}:`,
    ...(note === undefined
      ? []
      : [`      what ${passages.length === 1 ? "it was" : "they were"} cannot be shown: ${note}`]),
    ...shown.flatMap((passage) => [`      ${shownAs(passage, columns)}`, ...whereOf(passage, page)]),
    ...(more > 0 ? [`      … ${count(more)} more; --json has them all`] : []),
  ];
}

function shownAs({ text, start, end }: CutPassage, columns: number): string {
  if (text === undefined) return `characters ${count(start)} to ${count(end)}`;
  // Showing makes a text longer, never shorter.
  const line = visible(text.trim().slice(0, columns + 1));
  const part = beginning(line, columns - INDENT);
  return part.length < line.length || text.trim().length > columns + 1 ? `${part}…` : part;
}
const INDENT = "      …".length;

function whereOf({ twin, twinUrl }: CutPassage, page: string): string[] {
  if (twin === undefined) return [];
  const where =
    twin === page ? "this page" : twinUrl === undefined ? `the page of id ${twin}` : `${twinUrl} (id ${twin})`;
  return [`        first in ${where}`];
}
