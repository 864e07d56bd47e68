/** A page's words by the tree that the HTML Standard builds (parse5): what the scanner's blocks are compared with. */
import { type DefaultTreeAdapterTypes, parse } from "parse5";

/** Elements that are not read, and whether a space is in their place. */
const UNREAD = new Map([
  ..."iframe noembed noframes noscript script style textarea title head".split(" ").map((name) => [name, ""] as const),
  ..."applet audio button canvas datalist math object select svg template video"
    .split(" ")
    .map((name) => [name, " "] as const),
]);

/** Words end at the edges of these. */
const APART = new Set([
  ..."address article aside blockquote br caption center dd details dialog dir div dl dt fieldset figcaption".split(
    " ",
  ),
  ..."figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr input label legend li main menu nav ol optgroup".split(" "),
  ..."option p pre search section summary table tbody td tfoot th thead time tr ul".split(" "),
]);

/** In these a button is a heading's text. */
const DISCLOSURES = new Set(["h1", "h2", "h3", "h4", "h5", "h6", "summary", "dt"]);

const INVISIBLE = /[\u00ad\ufeff\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f]+/g;
/** Two links are never one word, whatever is between their tags, if that is no text. */
const LINK_BEGINS = "\u0001";
const LINK_ENDS = "\u0002";

export function wordsOf(text: string): string[] {
  return text.split(/[\s\u0085]+/).filter((word) => word !== "");
}

/** Words in the order of the tree. */
export function standardWords(html: string): string[] {
  const pieces: string[] = [];
  const walk = (node: DefaultTreeAdapterTypes.ParentNode, isDisclosure: boolean): void => {
    for (const child of node.childNodes) {
      const name = child.nodeName;
      if ("value" in child) pieces.push(child.value.replace(INVISIBLE, ""));
      if (!("childNodes" in child)) continue;
      const replacement = name === "button" && isDisclosure ? undefined : UNREAD.get(name);
      if (replacement !== undefined) pieces.push(replacement);
      else {
        const edges =
          name === "a" ? [LINK_BEGINS, LINK_ENDS] : APART.has(name) || name === "button" ? [" ", " "] : ["", ""];
        pieces.push(edges[0]!);
        walk(child, isDisclosure || DISCLOSURES.has(name));
        pieces.push(edges[1]!);
      }
    }
  };
  walk(parse(html, { scriptingEnabled: true }), false);
  const text = pieces.join("").replaceAll(`${LINK_ENDS}${LINK_BEGINS}`, " ");
  return wordsOf(text.replaceAll(LINK_BEGINS, "").replaceAll(LINK_ENDS, ""));
}

/** Words that one list has more often than the other. */
export function differingWords(some: readonly string[], others: readonly string[]): string[] {
  const balance = new Map<string, number>();
  for (const word of some) balance.set(word, (balance.get(word) ?? 0) + 1);
  for (const word of others) balance.set(word, (balance.get(word) ?? 0) - 1);
  return [...balance].filter(([, count]) => count !== 0).map(([word]) => word);
}
