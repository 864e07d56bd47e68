import { escapeHtml } from "../markup.ts";

const ELEMENT = 1;
const TEXT = 3;

/** The part of a DOM that is used here. */
export interface SvgNode {
  readonly nodeType: number;
  readonly localName: string;
  readonly textContent: string | null;
  readonly childNodes: Iterable<SvgNode>;
  readonly attributes: Iterable<{ readonly name: string; readonly value: string }>;
}

/**
 * Writes drawn nodes as HTML holds them. The page's own stylesheet stands for Plot's (inline styles need a hole in the
 * content security policy), labels of groups go, since the image has its own, and a hundredth of a pixel is enough.
 */
export function svgSource(nodes: Iterable<SvgNode>): string {
  let source = "";
  for (const node of nodes) {
    if (node.nodeType === TEXT) source += escapeHtml(node.textContent ?? "");
    else if (node.nodeType === ELEMENT) source += elementSource(node);
  }
  return source;
}

function elementSource(element: SvgNode): string {
  const name = element.localName;
  if (name === "style") return "";
  const attributes = [...element.attributes]
    .filter((attribute) => !/^(aria-|style$|class$)/.test(attribute.name))
    .map((attribute) => ` ${attribute.name}="${escapeHtml(rounded(attribute.value))}"`)
    .sort()
    .join("");
  return `<${name}${attributes}>${svgSource(element.childNodes)}</${name}>`;
}

function rounded(value: string): string {
  return value.replace(/-?\d+\.\d+(e-?\d+)?/g, (digits) => String(Math.round(Number(digits) * 100) / 100 || 0));
}
