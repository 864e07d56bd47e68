/** A piece of HTML → text, by the rules of `block-text`, over a tree that holds nothing but what these look at. */
import type { Parser as ParserClass } from "htmlparser2";
import { blockText, type TextNode } from "../block-text.ts";

const ELEMENT = 1;
const TEXT = 3;
const STEP_CHARS = 16 << 10;

class LeanNode implements TextNode {
  readonly nodeType: number;
  readonly nodeName: string;
  readonly nodeValue: string | null;
  readonly parentNode: LeanNode | null;
  firstChild: LeanNode | null = null;
  nextSibling: LeanNode | null = null;
  #lastChild: LeanNode | null = null;

  constructor(nodeType: number, nodeName: string, nodeValue: string | null, parentNode: LeanNode | null) {
    this.nodeType = nodeType;
    this.nodeName = nodeName;
    this.nodeValue = nodeValue;
    this.parentNode = parentNode;
  }

  append(type: number, name: string, value: string | null): LeanNode {
    const child = new LeanNode(type, name, value, this);
    if (this.#lastChild === null) this.firstChild = child;
    else this.#lastChild.nextSibling = child;
    this.#lastChild = child;
    return child;
  }
}

/** The fragment's text; undefined where more than `maxDepth` elements are open at once. */
export function fragmentText(html: string, Parser: typeof ParserClass, maxDepth: number): string | undefined {
  const root = new LeanNode(ELEMENT, "BODY", null, null);
  let open = root;
  let depth = 0;
  let isTooDeep = false;
  const parser = new Parser(
    {
      onopentagname(name) {
        if (++depth > maxDepth) isTooDeep = true;
        open = open.append(ELEMENT, name.toUpperCase(), null);
      },
      ontext: (text) => void open.append(TEXT, "#text", text),
      onclosetag() {
        depth--;
        open = open.parentNode ?? root;
      },
    },
    { decodeEntities: true },
  );
  for (let at = 0; at < html.length && !isTooDeep; at += STEP_CHARS) parser.write(html.slice(at, at + STEP_CHARS));
  if (isTooDeep) return undefined;
  parser.end();
  return blockText(root);
}
