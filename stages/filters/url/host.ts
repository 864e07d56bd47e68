/** The host of a URL, and the domain it is registered under, as tldextract finds them: leniently, whatever the string. */
import { strip } from "../../../pipeline/text/python-text.ts";

/** The ideographic full stops that are dots in a domain name. */
const OTHER_DOTS = /[\u3002\uff0e\uff61]/g;
const TRAILING_DOTS = /[.\u3002\uff0e\uff61]$/;
const SCHEME = /^[a-zA-Z0-9+.-]+:$/;

/**
 * The host as it is written in the URL, letters' case included: without user, port and dots at its end. It follows
 * `lenient_netloc` of john-kurkowski/tldextract (tldextract/remote.py), which takes "example.org/page" for a URL, too.
 */
export function hostOf(url: string): string {
  const rest = withoutScheme(url);
  const end = rest.search(/[/?#]/);
  const authority = end < 0 ? rest : rest.slice(0, end);
  const afterUser = authority.slice(authority.lastIndexOf("@") + 1);
  const bracket = afterUser.startsWith("[") ? afterUser.indexOf("]") : -1;
  if (bracket > 0) return afterUser.slice(0, bracket + 1);
  const colon = afterUser.indexOf(":");
  let host = strip(colon < 0 ? afterUser : afterUser.slice(0, colon));
  let length = host.length;
  while (length > 0 && TRAILING_DOTS.test(host[length - 1]!)) length--;
  host = host.slice(0, length);
  return host.replace(OTHER_DOTS, ".");
}

function withoutScheme(url: string): string {
  const slashes = url.indexOf("//");
  if (slashes === 0) return url.slice(2);
  return slashes >= 2 && SCHEME.test(url.slice(0, slashes)) ? url.slice(slashes + 2) : url;
}

/** Everything off but the look-up: the host is one already, and what is no domain name has to stay what it is. */
const AS_IT_IS = { extractHostname: false, validateHostname: false, detectIp: false, mixedInputs: false } as const;

/**
 * Loads the public suffix list, and gives what finds the domain that can be registered (`bbc.co.uk` of `forums.bbc.co.uk`)
 * in the host's own letters; "" for addresses, bare suffixes and hosts under no known suffix. Only the list's ICANN part
 * counts, as is tldextract's default: the domain of `a.github.io` is `github.io`.
 */
export async function loadRegisteredDomain(): Promise<(host: string) => string> {
  const { parse } = await import("tldts");
  return (host) => {
    // The suffix is looked up in lower case and cut from the host as it is written.
    const { publicSuffix, isIcann } = parse(host.toLowerCase(), AS_IT_IS);
    if (publicSuffix === null || isIcann !== true || publicSuffix.length >= host.length) return "";
    const suffixAt = host.length - publicSuffix.length;
    const domainAt = host.lastIndexOf(".", suffixAt - 2) + 1;
    return domainAt < suffixAt - 1 ? host.slice(domainAt) : "";
  };
}
