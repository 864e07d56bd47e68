/**
 * Finds the domains in a block list, whatever format it is in. The first line that is not empty and no "#" comment tells
 * which:
 *
 *     adblock    [Adblock Plus 2.0]           a heading, a comment "!", or a rule "||" or "@@"
 *                ||ads.example.com^$document
 *     hosts      0.0.0.0 ads.example.com      an address, then names
 *     plain      ads.example.com              one name a line; of comma-separated values, the first column
 */
import { isIP } from "node:net";
import { strip } from "../../../pipeline/text/python-text.ts";

export type DomainListFormat = "adblock" | "hosts" | "plain";

/** Options under which a rule speaks of the page itself, not of what other pages embed. */
const OPTIONS_FOR_PAGES = new Set(["document", "doc", "all", "important"]);
const HOST_RULE = /^\|\|([^\s/^*|:$]+)\^(?:\$(.*))?$/;
/**
 * What no name of a host has in it; a port may be there, and an address in brackets. Of a list that is JSON, HTML, UTF-16 or
 * no text at all, next to no line is without.
 */
const NO_HOST = /[\s/?#@|^*$<>{}"\\\p{Cc}\ufffd]/u;

/** A reader for the lines of one file. */
export class DomainList {
  #format: DomainListFormat | undefined;
  /** Lines that name a domain, or several. */
  applied = 0;
  /** Lines that say something else: parts of pages to hide, exceptions, rules on paths and on what pages embed. */
  others = 0;
  /** The first of these. */
  firstOther: string | undefined;

  get format(): DomainListFormat | undefined {
    return this.#format;
  }

  /** The domains that a line names, as they are written. */
  domainsIn(line: string): readonly string[] {
    const text = strip(line);
    if (text === "" || (text[0] === "#" && this.#format !== "adblock")) return [];
    this.#format ??= formatOf(text);
    if (this.#format === "adblock" && isAdblockComment(text)) return [];
    const domains = READ[this.#format](text);
    if (domains.length > 0) this.applied++;
    else {
      this.others++;
      this.firstOther ??= text;
    }
    return domains;
  }
}

function formatOf(text: string): DomainListFormat {
  if (/^(\[Adblock|!|\|\||@@)/i.test(text)) return "adblock";
  return isIP(text.split(/\s/, 1)[0]!) !== 0 && /\s\S/.test(text) ? "hosts" : "plain";
}

function isAdblockComment(text: string): boolean {
  return text.startsWith("!") || (text.startsWith("[") && text.endsWith("]"));
}

const READ: Readonly<Record<DomainListFormat, (text: string) => readonly string[]>> = {
  adblock: (text) => {
    const [, host, options] = HOST_RULE.exec(text) ?? [];
    if (host === undefined) return [];
    return options === undefined || options.split(",").every((option) => OPTIONS_FOR_PAGES.has(option)) ? [host] : [];
  },
  hosts: (text) => {
    const [address, ...names] = text.replace(/#.*/, "").trim().split(/\s+/);
    return isIP(address!) === 0 ? [] : names.filter((name) => !NO_HOST.test(name));
  },
  plain: (text) => {
    const entry = text.includes("#") ? text.replace(/\s+#.*/, "") : text;
    const comma = entry.indexOf(",");
    const first = comma < 0 ? entry : strip(entry.slice(0, comma)).replace(/^"(.*)"$/, "$1");
    return first === "" || NO_HOST.test(first) ? [] : [first];
  },
};
