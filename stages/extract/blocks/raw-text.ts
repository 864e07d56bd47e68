/** Elements whose content is no markup: it goes up to their own end tag. */
import { endsTagName, TAG_NAMES, TAG_TABLE, tagId } from "./tags.ts";

const DASH = 0x2d;
const SLASH = 0x2f;
const LESS = 0x3c;

const SCRIPT = tagId("script");

export class RawText {
  private readonly html: string;
  private readonly units: Uint16Array;
  /** The next "<!--", as far as it has been looked for. */
  private escapeFrom = -1;

  /** `units` are those of `html`. */
  constructor(html: string, units: Uint16Array) {
    this.html = html;
    this.units = units;
  }

  /** Where the end tag begins of the element whose content begins at `from`; the page's end where there is none. */
  end(tag: number, from: number): number {
    return tag === SCRIPT ? this.scriptEnd(from) : this.plainEnd(tag, from);
  }

  private plainEnd(tag: number, from: number): number {
    const { html, units } = this;
    const end = html.length;
    const length = TAG_NAMES[tag]!.length;
    for (let at = from; ; at += 2) {
      at = html.indexOf("</", at);
      const nameTo = at + 2 + length;
      if (at < 0 || nameTo > end) return end;
      if (TAG_TABLE.find(units, at + 2, nameTo) === tag && (nameTo === end || endsTagName(units[nameTo]!))) return at;
    }
  }

  /**
   * Where a script's end tag begins. Behind "<!--" a script may speak of scripts, end tags and all: `<!--
   * document.write("<script></script>") -->` (13.2.5.19, "script data double escaped").
   */
  private scriptEnd(from: number): number {
    const { html, units } = this;
    const end = html.length;
    const first = this.plainEnd(SCRIPT, from);
    if (this.escapeFrom < from) {
      const at = html.indexOf("<!--", from);
      this.escapeFrom = at < 0 ? end : at;
    }
    if (this.escapeFrom >= first) return first;
    let isEscaped = false;
    let isDoublyEscaped = false;
    for (let at = this.escapeFrom; at < end; at++) {
      if (units[at] === DASH) {
        if (html.startsWith("-->", at)) isEscaped = isDoublyEscaped = false;
      } else if (units[at] === LESS) {
        const isEnd = units[at + 1] === SLASH;
        const nameTo = at + (isEnd ? 2 : 1) + "script".length;
        if (html.startsWith("!--", at + 1)) {
          isEscaped = true;
          at++;
        } else if (nameTo < end && TAG_TABLE.find(units, nameTo - "script".length, nameTo) === SCRIPT) {
          if (!endsTagName(units[nameTo]!)) continue;
          if (isEnd && !isDoublyEscaped) return at;
          isDoublyEscaped = !isEnd && isEscaped;
        }
      }
    }
    return end;
  }
}
