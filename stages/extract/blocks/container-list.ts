import { Attribute, type Attributes } from "./attributes.ts";
import { ContainerMark, type Containers } from "./block-page.ts";
import { classMask } from "./class-names.ts";
import { IntList } from "./int-list.ts";

/** Containers while a page is read, as columns. */
export class ContainerList {
  readonly tags = new IntList(512);
  readonly parents = new IntList(512);
  private readonly depths = new IntList(512);
  private readonly masks = new IntList(512);
  private readonly shapes = new IntList(512);

  add(tag: number, parent: number, mask: number, shape: number): number {
    const container = this.tags.length;
    this.tags.push(tag);
    this.parents.push(parent);
    this.depths.push(container === 0 ? 0 : this.depths.values[parent]! + 1);
    this.masks.push(mask);
    this.shapes.push(shape);
    return container;
  }

  view(): Containers {
    return {
      count: this.tags.length,
      tags: this.tags.view(),
      parents: this.parents.view(),
      depths: this.depths.view(),
      masks: this.masks.view(),
      shapes: this.shapes.view(),
    };
  }
}

/** What a tag's attributes tell of a container: bits of `CLASS_NAMES` and `ContainerMark`s. */
export function maskOf(attributes: Attributes, html: string, units: Uint16Array): number {
  let mask = 0;
  for (const id of NAMING) {
    if (attributes.has(id)) mask |= classMask(units, attributes.from[id]!, attributes.to[id]!);
  }
  if (attributes.has(Attribute.hidden)) mask |= ContainerMark.hidden;
  if (attributes.has(Attribute.ariaHidden) && value(attributes, html, Attribute.ariaHidden) === "true") {
    mask |= ContainerMark.hidden;
  }
  if (attributes.has(Attribute.style) && NOT_DISPLAYED.test(value(attributes, html, Attribute.style))) {
    mask |= ContainerMark.hidden;
  }
  if (attributes.has(Attribute.itemprop) && MAIN_PROPERTY.test(value(attributes, html, Attribute.itemprop))) {
    mask |= ContainerMark.articleBody;
  }
  if (attributes.has(Attribute.itemtype)) {
    const type = value(attributes, html, Attribute.itemtype);
    for (const [pattern, mark] of TYPES) if (pattern.test(type)) mask |= mark;
  }
  return mask;
}

/** Attributes in which authors name containers. */
const NAMING = [Attribute.class, Attribute.id, Attribute.role, Attribute.testId, Attribute.component];

const NOT_DISPLAYED = /(?:display\s*:\s*none|visibility\s*:\s*hidden)/i;
const MAIN_PROPERTY = /articleBody|reviewBody|^(?:text|description)$/i;
const TYPES = [
  [/Product|Offer|SomeProducts/i, ContainerMark.product],
  [/Comment|Answer|Question|DiscussionForumPosting|QAPage/i, ContainerMark.discussion],
  [/Article|BlogPosting|Blog\b|Recipe|CreativeWork/i, ContainerMark.article],
] as const;

const MAX_VALUE_UNITS = 500;

function value(attributes: Attributes, html: string, id: number): string {
  const from = attributes.from[id]!;
  return html.slice(from, Math.min(attributes.to[id]!, from + MAX_VALUE_UNITS));
}

/** A hash of a tag and its class, digits aside: "post-17" is like "post-18". */
export function shapeOf(tag: number, attributes: Attributes, units: Uint16Array): number {
  let hash = tag + 1;
  if (!attributes.has(Attribute.class)) return hash;
  const from = attributes.from[Attribute.class]!;
  const to = Math.min(attributes.to[Attribute.class]!, from + MAX_VALUE_UNITS);
  for (let at = from; at < to; at++) {
    const unit = units[at]!;
    if (unit < 0x30 || unit > 0x39) hash = Math.imul(hash ^ unit, 0x01000193);
  }
  return hash;
}
