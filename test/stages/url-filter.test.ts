import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { FormatError, RecipeError } from "../../pipeline/errors.ts";
import { seededRandom } from "../../pipeline/random.ts";
import { readListLines } from "../../stages/filters/list-file.ts";
import { DomainList } from "../../stages/filters/url/domain-list.ts";
import { HashedStrings } from "../../stages/filters/url/hashed-strings.ts";
import { hostOf, loadRegisteredDomain } from "../../stages/filters/url/host.ts";
import { Substrings } from "../../stages/filters/url/substrings.ts";
import urlFilter from "../../stages/filters/url-filter.ts";
import { filterContract, pageWith, runFilter } from "../contracts/filter.ts";
import { tempDir } from "../engine/harness.ts";
import { needsShared, sharedPath } from "../shared.ts";

const DIR = tempDir();
let files = 0;

/** A list file with these lines. */
function list(...lines: string[]): string {
  const path = join(DIR, `list-${files++}.txt`);
  writeFileSync(path, lines.map((line) => `${line}\n`).join(""));
  return path;
}

async function reasonFor(url: string, params: object): Promise<string | null> {
  const { verdict } = await runFilter(urlFilter, params, pageWith("Text.", { url }));
  return verdict.kept ? null : verdict.reason;
}

async function checkReasons(params: object, cases: Readonly<Record<string, string | null>>): Promise<void> {
  const found: Record<string, string | null> = {};
  for (const url of Object.keys(cases)) found[url] = await reasonFor(url, params);
  assert.deepEqual(found, cases);
}

// Every page of the contract has the URL https://example.org/page.
filterContract(urlFilter, {}, new Map([["whatever", null]]));
filterContract(urlFilter, { domains: [list("example.org")] }, new Map([["whatever", "domain"]]));

test("datatrove's own eight cases get its reasons", async () => {
  // tests/pipeline/filters/test_filters.py, TestFilters.test_url
  await checkReasons(
    { domains: [list("blocked.com", "danger.org", "badsubdomain.nice.com")] },
    {
      "https://blocked.com/some-sub-url?with=stuff": "domain",
      "https://hey.danger.org/some-sub-url?with=stuff": "domain",
      "http://hey.danger.org/some-sub-url?with=stuff": "domain",
      "http://www.danger.org/some-sub-url?with=stuff": "domain",
      "https://nice.com/some-sub-url?with=stuff": null,
      "https://badsubdomain.nice.com/some-sub-url?with=stuff": "subdomain",
      "https://sdsd.badsubdomain.nice.com/some-sub-url?with=stuff": null,
      "https://blocke.dcom/some-sub-url?with=stuff": null,
    },
  );
  assert.deepEqual(Object.values(urlFilter.referenceReasons!), [
    "domain", "subdomain", "url", "hard_blacklisted", "soft_blacklisted", "blacklisted_subword",
  ]); // biome-ignore format: one list
});

test("as in datatrove, hosts are compared as written, addresses never match, and URLs match whole", async () => {
  await checkReasons(
    {
      domains: [list("Danger.org", "blocked.com", "1.2.3.4", "blogspot.com", "a.b.ck", "#off.org", "", " spaced.org ")],
      urls: [list("http://x.org/a", "y.org/b")],
    },
    {
      "https://BLOCKED.com/": null,
      "https://www.Danger.org/": "domain",
      "http://1.2.3.4/": null,
      "https://someone.blogspot.com/": "domain", // The private part of the public suffix list does not count.
      "http://x.a.b.ck/": "domain", // *.ck is a suffix.
      "http://off.org/": null,
      "http://spaced.org:8080/": "domain",
      "user:pw@blocked.com": "domain",
      "http://blocked.com./": "domain",
      "http://x.org/a": "url",
      "http://x.org/a/": null,
      "http://y.org/b": null,
      "": null,
    },
  );
});

test("as in datatrove, parts of the URL keep their case while the lists lose it, and two soft words are needed", async () => {
  await checkReasons(
    {
      words: [list("XX", "2 girls", "#ass", "", "!!")],
      softWords: [list("Sexy", "pics", "teen")],
      substrings: [list("Barely Legal", "q-z", "")],
    },
    {
      "http://a.org/xx": "word",
      "http://xx.org/": "word",
      "http://a.org/XX/": null,
      "http://a.org/xxl": null,
      "http://a.org/2girls": "word",
      "http://a.org/2-girls": null,
      "http://a.org/ass/": null,
      "http://a.org/pics": null,
      "http://a.org/pics/pics": null,
      "http://a.org/pics_sexy": "soft-words",
      "http://a.org/PICS_sexy": null,
      "http://a.org/B.a-rely_LEGAL": "substring",
      "http://faq.zone.org": "substring", // "qz" across a dot
      "http://a.org/barely-légal": null,
    },
  );
});

test("the order is domain, subdomain, URL, words, soft words, substrings", async () => {
  const url = "http://sub.bad.org/xx-sexy-pics";
  const all = {
    domains: [list("bad.org", "sub.bad.org")],
    urls: [list(url)],
    words: [list("xx")],
    softWords: [list("sexy", "pics")],
    substrings: [list("sexy")],
  };
  const { scores } = await runFilter(urlFilter, all, pageWith("", { url }));
  assert.deepEqual(scores, { domain: 1, subdomain: 1, url: 1, words: 1, softWords: 2, substring: 1 });
  const reasons: (string | null)[] = [await reasonFor(url, all)];
  assert.equal(await reasonFor(url, { ...all, domains: [list("sub.bad.org")] }), "subdomain");
  const { domains: _, ...rest } = all;
  const left: Record<string, unknown> = { ...rest };
  for (const name of ["urls", "words", "softWords", "substrings"]) {
    reasons.push(await reasonFor(url, left));
    delete left[name];
  }
  reasons.push(await reasonFor(url, left));
  assert.deepEqual(reasons, ["domain", "url", "word", "soft-words", "substring", null]);
  assert.equal(await reasonFor(url, { ...rest, urls: [], matching: "as-dclm" }), "substring", "DCLM's comes first");
});

test("as in DCLM, hosts lose every www, words stand between boundaries, and only - and . are removed", async () => {
  await checkReasons(
    {
      matching: "as-dclm",
      domains: [list("Bad.org", "bad.org:8080", ".worse.org", "a.org")],
      words: [list("xx")],
      softWords: [list("Sexy", "s&m", "pics")],
      substrings: [list("barelylegal")],
    },
    {
      "http://BAD.org/": "domain",
      "http://sub.bad.org/": null,
      "http://bad.org:8080/": "domain",
      "http://bad.org:80/": null,
      "http://www.bad.org/": null, // ".bad.org" is what is left.
      "http://www.worse.org/": "domain",
      "http://awww.org/": "domain",
      "bad.org/without-a-scheme": null,
      "http://c.org/XX/": "word",
      "http://c.org/a_xx": null,
      "http://c.org/éxx": null,
      "http://c.org/sexy?s&m": "soft-words",
      "http://c.org/sexy?as&m": null,
      "http://c.org/sexy-sexy": null,
      "http://c.org/Ba-rely.legal": "substring",
      "http://c.org/barely_legal": null,
    },
  );
});

test("broadly, a listed domain covers what is below it, and nothing hangs on case, scheme or the last slash", async () => {
  await checkReasons(
    {
      matching: "broad",
      domains: [list("BAD.org", "sub.nice.com", ".wild.net", "1.2.3.4", "zip")],
      urls: [list("http://www.X.org/a/"), list("y.org/b")],
      words: [list("xx")],
    },
    {
      "https://a.b.bad.org/": "domain",
      "https://notbad.org/": null,
      "https://nice.com/": null,
      "https://deep.sub.Nice.com/": "subdomain",
      "https://wild.net/": "domain",
      "http://1.2.3.4:80/": "domain",
      "http://some.zip/": "domain",
      "https://x.org/A#top": "url",
      "https://y.org/b/": "url",
      "https://y.org/b/c": null,
      "http://c.org/XX/": "word",
    },
  );
});

test("hosts and registered domains are those that tldextract finds", async () => {
  const registeredDomain = await loadRegisteredDomain();
  // From the tests and doc comments of john-kurkowski/tldextract.
  for (const [url, host, domain] of [
    ["http://forums.bbc.co.uk/path?a@b:c", "forums.bbc.co.uk", "bbc.co.uk"],
    ["//user:pw@www.google.com:8080#x", "www.google.com", "google.com"],
    ["http://www.worldbank.org.kg/", "www.worldbank.org.kg", "worldbank.org.kg"],
    ["google.notavalidsuffix", "google.notavalidsuffix", ""],
    ["http://127.0.0.1:8080/deployed/", "127.0.0.1", ""],
    ["http://[::1]:80/", "[::1]", ""],
    ["http://localhost:8080", "localhost", ""],
    ["http://co.uk/", "co.uk", ""],
    ["http://waiterrant.blogspot.com", "waiterrant.blogspot.com", "blogspot.com"],
    ["http://www.example.com。/", "www.example.com", "example.com"],
    ["http://a\u3002example\uff0ecom/", "a.example.com", "example.com"],
    ["http://例え.公司.cn/", "例え.公司.cn", "例え.公司.cn"],
    ["http://x.xn--fiqs8s/", "x.xn--fiqs8s", "x.xn--fiqs8s"],
    ["ht tp://example.com", "ht tp", ""],
    ["http://a..com/", "a..com", ""],
    ["", "", ""],
  ] as const) {
    assert.equal(hostOf(url), host, url);
    assert.equal(registeredDomain(hostOf(url)), domain, url);
  }
});

test("a domain list is read by what is in it", () => {
  const read = (...lines: string[]) => {
    const domains = new DomainList();
    return { found: lines.flatMap((line) => domains.domainsIn(line)), format: domains.format, others: domains.others };
  };
  assert.deepEqual(read("# c", "", "a.org", " b.org\r", "c.org # why", "http://d.org/"), {
    found: ["a.org", "b.org", "c.org"],
    format: "plain",
    others: 1,
  });
  assert.deepEqual(read("1.2.3.4", "b.org,2024,spam", '"c.org",x'), {
    found: ["1.2.3.4", "b.org", "c.org"],
    format: "plain",
    others: 0,
  });
  assert.equal(read('{"domain":"a.org"}', "<td>b.org</td>", "a\0.\0o\0r\0g\0", "\ufffd.org").others, 4);
  assert.deepEqual(read("# hosts", "0.0.0.0 a.org", "127.0.0.1\tb.org c.org # two", "::1 d.org", "e.org"), {
    found: ["a.org", "b.org", "c.org", "d.org"],
    format: "hosts",
    others: 1,
  });
  const rules = ["||a.org^", "||b.org^$document,important", "||c.org^$third-party", "||d.org/x^", "||*.e.org^"];
  const more = ["###ad", "f.org##.ad", "@@||g.org^", "/ad.", "-ads.", "||h.org^$domain=x.org"];
  assert.deepEqual(read("[Adblock Plus 2.0]", "! a comment", "", ...rules, ...more), {
    found: ["a.org", "b.org"],
    format: "adblock",
    others: 9,
  });
});

test("lines that name no domain are told, unless they are to be skipped", async () => {
  const domains = [list("! Title", "||bad.org^", "||ads.org^$third-party", "##.ad")];
  await assert.rejects(reasonFor("http://bad.org", { domains }), (error) => {
    assert.ok(error instanceof RecipeError);
    assert.match(error.message, /2 lines name no domain, such as "\|\|ads\.org\^\$third-party"; .*the 1 that do/);
    return true;
  });
  assert.equal(await reasonFor("http://bad.org", { domains, otherRules: "skip" }), "domain");
  assert.equal(await reasonFor("http://ads.org", { domains, otherRules: "skip" }), null);
});

test("lists are read compressed, across chunks, and never by half", async () => {
  const names = Array.from({ length: 40_000 }, (_, n) => `host-${n}.example.com`);
  const path = join(DIR, "names.gz");
  const stored = gzipSync(names.join("\r\n"));
  writeFileSync(path, stored);
  const lines: string[] = [];
  for await (const group of readListLines(path)) lines.push(...group);
  assert.deepEqual(
    lines.map((line) => line.trim()),
    names,
  );
  assert.equal(await reasonFor("http://host-39999.example.com", { domains: [path] }), "subdomain");
  writeFileSync(path, stored.subarray(0, stored.length - 100));
  await assert.rejects(reasonFor("http://a.org", { domains: [path] }), FormatError);
  const long = list("x".repeat(3 << 20));
  await assert.rejects(reasonFor("http://a.org", { domains: [long] }), /a line of more than/);
  await assert.rejects(reasonFor("http://a.org", { words: [join(DIR, "absent")] }), /absent: no such file/);
});

test("a set of hashes holds what was added in 8 bytes an entry, and nothing else", async () => {
  const count = 100_000;
  async function* names(from: number) {
    // Twice, so that duplicates are met.
    for (let n = from; n < from + 2 * count; n += 1000) {
      yield Array.from({ length: 1000 }, (_, i) => `${((n + i) % count).toString(36)}.example.org`);
    }
  }
  const set = await HashedStrings.from(names(0));
  assert.equal(set.size, count, "no two names have one hash");
  assert.equal(set.bytes, 8 * count);
  for (let n = 0; n < count; n++) assert.ok(set.has(`${n.toString(36)}.example.org`));
  for (let n = count; n < 2 * count; n++) assert.ok(!set.has(`${n.toString(36)}.example.org`));
  async function* few() {
    yield ["a", "a\0", "", "\ud800", "ab", "ba", "a".repeat(1e6)];
  }
  assert.equal((await HashedStrings.from(few())).size, 7);
  async function* none() {}
  const empty = await HashedStrings.from(none());
  assert.deepEqual([empty.size, empty.has("")], [0, false]);
});

test("substrings are found exactly where a plain search finds them", () => {
  const seed = 7;
  const random = seededRandom(seed);
  const word = (length: number) => Array.from({ length }, () => "ab-\u{1F600}"[Math.floor(random() * 4)]).join("");
  for (let round = 0; round < 300; round++) {
    const entries = Array.from({ length: 1 + Math.floor(random() * 6) }, () => word(Math.floor(random() * 6)));
    const automaton = new Substrings(entries);
    for (let n = 0; n < 30; n++) {
      const text = word(Math.floor(random() * 20));
      const expected = entries.some((entry) => entry !== "" && text.includes(entry));
      assert.equal(automaton.isIn(text), expected, JSON.stringify({ seed, entries, text }));
    }
  }
});

test("hostile URLs cost linear time and break nothing", async () => {
  const dir = { domains: [list("a.org")], urls: [list("b")], words: [list("c", "s&m")], substrings: [list("aaab")] };
  const urls = [
    `http://${"a.".repeat(1e6)}com/`,
    `http://a${".".repeat(1e6)}b/`,
    `http://a.org${".".repeat(1e6)}`,
    `http://a.org/${"s&m_".repeat(5e5)}`,
    `http://a.org/${"/".repeat(1e6)}`,
    `${"@".repeat(1e6)}`,
    `http://${"\ud800".repeat(1e5)}.com/\udc00`,
    `${":".repeat(1e6)}//`,
    "a".repeat(1e6),
    "مرحبا://שלום.中国/今天",
    "\n".repeat(1e6),
  ];
  const startMs = performance.now();
  for (const matching of ["as-datatrove", "as-dclm", "broad"]) {
    for (const url of urls) {
      const { scores } = await runFilter(urlFilter, { ...dir, matching }, pageWith("", { url }));
      for (const value of Object.values(scores)) assert.ok(Number.isFinite(value));
    }
  }
  assert.ok(performance.now() - startMs < 60_000, "quadratic time would take hours");
});

const URL_LISTS = "data/classifier/url-lists";
test("FineWeb's and DCLM's own word lists, and easylist, are read", needsShared(URL_LISTS), async () => {
  const file = (name: string) => sharedPath(URL_LISTS, `${name}.txt.gz`);
  const fineweb = {
    urls: [file("urls")],
    words: [file("banned_words")],
    softWords: [file("soft_banned_words")],
    substrings: [file("banned_subwords")],
  };
  await checkReasons(fineweb, {
    "https://example.org/bbw/page": "word",
    "https://example.org/poof": null, // Commented out in the list.
    "https://example.org/sex-and-shit": "soft-words",
    "https://example.org/baby-batter": "substring",
    "https://example.org/Essex": null,
  });
  const refinedweb = (kind: string) => file(`refinedweb_banned_words_${kind}_reverse_engineered`);
  await checkReasons(
    {
      matching: "as-dclm",
      words: [refinedweb("hard")],
      softWords: [refinedweb("soft")],
      substrings: [refinedweb("strict")],
    },
    {
      "https://example.org/baby-batter": "substring",
      "https://example.org/BBW": "word",
      "https://example.org/bbw_": null,
      "https://example.org/sex?s&m": "soft-words",
    },
  );
  const domains = [file("easylist")];
  await assert.rejects(reasonFor("http://a.org", { domains }), /33\d{3} lines name no domain.*the 35\d{3} that do/);
  await checkReasons(
    { domains, otherRules: "skip" },
    { "http://254a.com/x": "domain", "http://adinch.com/": null, "http://bestunfollow.com": "domain" },
  );
});
