/** The steps of DCLM's pipeline, one by one: values of its own tests and of datamap-rs's, and fast against plain. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../pipeline/random.ts";
import { BannedWords, bannedDomainOf } from "../../stages/filters/dclm/banned-url.ts";
import {
  dropCounterLines,
  dropDigitLines,
  dropShortLines,
  dropUppercaseLines,
  isCounter,
  type Lines,
  PHRASES,
  removePhrase,
} from "../../stages/filters/dclm/line-modifiers.ts";
import { Character, classesOf } from "../../stages/filters/dclm/python-classes.ts";
import {
  beginsWithDomain,
  removeAddresses,
  removeAddressesPlainly,
  removeUrls,
  removeUrlsPlainly,
} from "../../stages/filters/dclm/remove-urls.ts";
import { measureSegments, measureWordRuns } from "../../stages/filters/dclm/repetition.ts";
import { measureSegmentsFast, measureWordRunsFast } from "../../stages/filters/dclm/repetition-fast.ts";
import { countWords } from "../../stages/filters/dclm/word-count.ts";
import { cutUnisegWords } from "../../stages/filters/dclm/words-uniseg.ts";

const SEED = 20240617;

/** Whole numbers below the one that is given. */
function numbers(): (below: number) => number {
  const random = seededRandom(SEED);
  return (below) => Math.floor(random() * below);
}

const words = (text: string): string[] => [...cutUnisegWords(text)];
const runsIn = (text: string) => measureWordRunsFast(cutUnisegWords(text));
/** For runs of n words: what DCLM compares with its threshold. */
const shareOfRuns = (text: string, n: number): number => {
  const { chars, top, repeated } = runsIn(text);
  return (n <= 4 ? top[n - 2]! : repeated[n - 5]!) / chars;
};

test("lines and paragraphs: all copies count, blank ones do not, and white space around them is none of theirs", () => {
  // DCLM, test_content_filters.py: test_repetition_filter.
  const hello = measureSegmentsFast("Hello\nHello\n\n\n\nHello", "\n");
  assert.deepEqual(hello, { segments: 3, repeated: 3, chars: 15, repeatedChars: 15 });
  const lines = measureSegmentsFast("Hello, World.\nHello, World.\n\nHello", "\n");
  assert.deepEqual([lines.repeated / lines.segments, lines.repeatedChars / lines.chars], [2 / 3, 26 / 31]);
  const paragraphs = measureSegmentsFast("Hello, World.\n\nHello, World.\n\nHello, World.\nHello", "\n\n");
  assert.equal(paragraphs.repeated / paragraphs.segments, 2 / 3);
  // Its test has 26/45, with a tolerance of .01: the line break within the third paragraph is a character, too.
  assert.equal(paragraphs.repeatedChars / paragraphs.chars, 26 / 45);
  // datamap-rs f771794, massive_repetition_filter_test.rs: one element a line.
  const mixed = measureSegmentsFast("short\nlooooong\nshort\nmedium", "\n");
  assert.deepEqual([mixed.repeated / mixed.segments, mixed.repeatedChars / mixed.chars], [0.5, 10 / 24]);
  const six = measureSegmentsFast("a\nb\na\nc\nb\nd", "\n");
  assert.equal(six.repeated / six.segments, 4 / 6);
  const large = measureSegmentsFast(`${"a".repeat(10_000)}\nb\n${"a".repeat(10_000)}`, "\n");
  assert.equal(large.repeatedChars / large.chars, 20_000 / 20_001);
});

test("runs of words: shares of the words' characters", () => {
  const CASES: readonly (readonly [text: string, n: number, share: number])[] = [
    // DCLM, test_content_filters.py: test_repetition_filter.
    ["hello", 2, 0],
    ["hello", 5, 0],
    ["hello world hello world hello world", 2, 30 / 30],
    ["hello world hello world hello world", 3, 30 / 30],
    ["hello world hello world hello world", 4, 40 / 30],
    ["hello      world hello apple.... world hello\n world hello", 2, 30 / 40],
    ["hello      world hello apple.... world hello\n world hello", 3, 30 / 40],
    ["hello      world hello apple.... world hello\n world hello", 4, 0],
    ["a b a b a b ab cd ab cd ab cd abc def abc def", 2, 12 / 30],
    ["a b a b a b abc def abc def ab cd ab cd ab cd", 2, 12 / 30],
    ["hello world hello\n world hello. apple world hello world hello world hello world", 5, 60 / 65],
    // datamap-rs, massive_repetition_filter_test.rs, where the two agree.
    ["a b c d e", 2, 0],
    ["a b c a b d", 2, 4 / 6],
    ["a b c d a b c e", 3, 6 / 8],
    ["short a b c short a b d", 4, 0],
    ["a b c d e f g h", 6, 0],
    ["a b c a b c", 3, 1],
    ["to be or not to be that is the question to be or not to be I don't know the answer.", 2, 16 / 62],
    ["the quick brown fox jumps over the lazy dog the quick brown fox jumps over the lazy cat", 8, 64 / 70],
    // Where they differ: datamap-rs counts each word of overlapping runs once, 6 / 10; DCLM length × count.
    ["a a a a a a b c d f", 4, 12 / 10],
  ];
  for (const [text, n, share] of CASES) assert.equal(shareOfRuns(text, n), share, `${n} words in ${text}`);
});

test(`repetition is measured as plainly defined (seed ${SEED})`, () => {
  const random = numbers();
  const pieces = ["a", "bb", "ccc", "𝒳y", "é", "²"];
  const spaces = [" ", "  ", "\n", "\n\n", "\n \n", ", ", "\u00a0"];
  for (let round = 0; round < 400; round++) {
    const variety = 1 + random(pieces.length);
    let text = "";
    for (let n = random(50); n > 0; n--) text += pieces[random(variety)]! + spaces[random(spaces.length)]!;
    const cut = cutUnisegWords(text);
    assert.deepEqual(measureWordRunsFast(cut), measureWordRuns([...cut]), JSON.stringify(text));
    for (const separator of ["\n", "\n\n"]) {
      assert.deepEqual(measureSegmentsFast(text, separator), measureSegments(text, separator), JSON.stringify(text));
    }
  }
});

test("words in runs are those of UAX #29's default rules that begin with a letter or number", () => {
  // DCLM, test_core_utils.py and test_enrichers.py.
  assert.equal(words("Hello World and all").length, 4);
  assert.equal(words("Also one with complications e.g., a 1.4 floating points...").length, 9);
  assert.equal(words("Hello world! That should be easy, right? I think so...yeah...").length, 11);
  assert.equal(words("CameCaseWord Line 1\nLine 2!!! e.g.\t  U.S.A.  \n\n\nLine  ????    3\t").length, 9);
  const CASES: readonly (readonly [text: string, words: readonly string[]])[] = [
    ["can't 'tis rock'n'roll don’t", ["can't", "tis", "rock'n'roll", "don’t"]],
    ["a:b 12:30 3,14 3.14.15 a,b x.y a..b", ["a:b", "12", "30", "3,14", "3.14.15", "a", "b", "x.y", "a", "b"]],
    ["m² ½ ①② _a a_b 5_", ["m", "²", "½", "①", "②", "a_b", "5_"]],
    ["中文字 ひら カタカナ ไทย 한국어", ["中", "文", "字", "ひ", "ら", "カタカナ", "ไ", "ท", "ย", "한국어"]],
    ["e\u0301a \u0301b a\u200db", ["e\u0301a", "b", "a\u200db"]],
    ["צה\"ל ג' 1\u202f000", ['צה"ל', "ג'", "1\u202f000"]],
    ["👩\u200d👩 #tag @me 🇩🇪x", ["tag", "me", "x"]],
    ["\ud800x \udc00", ["x"]],
    // A letter that is a mark, too, belongs to the space before it.
    [" \uff9ex x\uff9e", ["x", "x\uff9e"]],
  ];
  for (const [text, expected] of CASES) assert.deepEqual(words(text), expected, JSON.stringify(text));
});

test("words of a page are fastText's tokens that begin with a letter or number", () => {
  const CASES: readonly (readonly [text: string, count: number])[] = [
    // DCLM, test_content_filters.py, test_core_utils.py and test_enrichers.py.
    ["", 0],
    ["Hello world.", 2],
    ["Hello world. \n\n\n \n\n\n This is a test.", 6],
    ["Mr. Smith bought 2.5 kilograms of fruit.", 7],
    ["CameCaseWord Line 1\nLine 2!!! e.g.\t  U.S.A.  \n\n\nLine  ????    3\t", 9],
    [" Line 1\nLine 2!!!\t    \n\n\nLine  ????    3\t", 6],
    // fastText parts at ASCII's white space and "\0", not at Unicode's.
    ["a\u00a0b\u2003c d\0e (so ²x\u0301", 4],
    ["𝒳 👩 \ud800", 1],
  ];
  for (const [text, count] of CASES) assert.equal(countWords(text), count, JSON.stringify(text));
});

test("URLs go with the space before them", () => {
  // DCLM, test_modifiers.py: test_url_removal_modifier.
  const urls = `https://www.example.com www.example.org example.co.ukexample.randomsite.net:9000
    blog.samplewebsite.org:8081/post.html ftp://ftp.example.com/files ftp://files.example.net:21/downloads
    irc.randomchat.org:6667/chatroom mail.samplecompany.com:25/inbox www.technewsportal.org:8084/latest-news
    https://en.wikipedia.org/wiki/Random_topic http://www.ecommerce-store.biz/products/sale
    https://www.example.com/search?q=url https://www.example.com/page?id=123&category=tech
    https://www.example.com#section1 ftp://username:password@ftp.example.com http://username:password@example.com
    http://www.example.museum http://bit.ly/abcdef http://192.168.1.1 https://10.0.0.1:8080 1.1.1.1`;
  for (const url of urls.split(/\s+/)) {
    const remove = (text: string): string => removeAddresses(removeUrls(text));
    assert.equal(remove(`This URL ${url} should be removed.`), "This URL should be removed.");
    assert.equal(remove(`This URL\n${url}\nis on a line.`), "This URL\nis on a line.");
  }
  for (const other of ["U.S.A.", "e.g.", "3.14", "1.123.456.7899", "999.999.999.999", "123.123.123v3.12.7.4"]) {
    const text = `This text ${other} is not a URL.\n${other}`;
    assert.equal(removeAddresses(removeUrls(text)), text);
  }
  // What the expressions do besides.
  assert.equal(removeUrls("the end.to be sure EXAMPLE.COM x.comx (a.com)b"), "the be sure EXAMPLE.COM x.comx (");
  assert.equal(removeUrls(`${" ".repeat(12)}a.de`), "  ");
  assert.equal(removeUrls(`${"a".repeat(300)}.com.`), "a".repeat(44));
  assert.equal(removeUrls("x .com.org/y .com"), "x .com");
  assert.equal(removeUrls("п.рф! п.рфа"), "п.рф! п.рфа", "a host is ASCII");
  assert.equal(removeUrls("p.рф! p.рфа"), "! p.рфа");
  assert.equal(removeAddresses("v1.2.3.4 xhttp://1.2.3.4:80/a b 300.1.2.3.4"), "v1.2.3.4 xhttp:// b 300.");
});

test("URLs are looked for where a page begins with the letters of a top-level domain", () => {
  for (const text of ["The page", "this", "INDEX", "Welcome"]) {
    assert.equal(beginsWithDomain(text), text !== "Welcome", text);
  }
  for (const text of ["", " The", '"The', "We", "1"]) assert.equal(beginsWithDomain(text), false, text);
  assert.equal(beginsWithDomain("İt"), true, "İ is an i to Python's IGNORECASE");
});

test(`URLs and addresses are found as the expressions find them (seed ${SEED})`, () => {
  const random = numbers();
  const pieces =
    "http:// https:// ftp:// :// www. example a 1 22 255 999 . .. .com .co .uk .рф .भारतम् .भारत .x / ? # @ : ( ) = _ é भ 👩 \ud800"
      .split(" ")
      .concat([" ", "  ", " ".repeat(11), "\n", "\t", "\u00a0", "1.2.3.4", "x.com", "a".repeat(255)]);
  for (let round = 0; round < 2000; round++) {
    let text = "";
    for (let n = 1 + random(12); n > 0; n--) text += pieces[random(pieces.length)]!;
    assert.equal(removeUrls(text), removeUrlsPlainly(text), JSON.stringify(text));
    assert.equal(removeAddresses(text), removeAddressesPlainly(text), JSON.stringify(text));
  }
});

test("lines of capitals, of digits, counters and short lines go", () => {
  const on = (text: string, modify: (lines: Lines) => Lines): string => modify(text.split("\n")).join("\n");
  const upper = (text: string, max: number): string => on(text, (lines) => dropUppercaseLines(lines, max));
  const digits = (text: string, max: number): string => on(text, (lines) => dropDigitLines(lines, max));
  // DCLM, test_modifiers.py.
  assert.equal(upper("Hello, World", 2 / 12), "Hello, World");
  assert.equal(upper("Hello, World", 2 / 12 - 1e-6), "");
  const shouting = "HELLO WORLD\n\nhello world\nHello, World\n\nHello, world";
  assert.equal(upper(shouting, 1), shouting);
  assert.equal(upper(shouting, 2 / 12), "hello world\nHello, World\n\nHello, world");
  assert.equal(upper(shouting, 1 / 12), "hello world\n\nHello, world");
  assert.equal(upper(shouting, 0), "hello world");
  assert.equal(upper("ⅣⒶ𝐀x\n𝐀xxx", 0.5), "𝐀xxx", "Uppercase is more than letters, and lengths are code points");
  assert.equal(digits("12345", 1), "12345");
  assert.equal(digits("12345", 1 - 1e-6), "");
  assert.equal(digits("1a\n\n2bb\n\n3cc\nabcd", 1 / 3), "2bb\n\n3cc\nabcd");
  assert.equal(digits("1a\n\n2bb\n\n3cc\nabcd", 0), "abcd");
  assert.equal(digits("²①٣\n¼\nⅣ", 0.999999), "¼\nⅣ");
  const lengths = "Short line\n\na b c\n  There are words here\nHi\n \t";
  assert.equal(
    on(lengths, (lines) => dropShortLines(lines, 2)),
    "Short line\n\na b c\n  There are words here",
  );
  const counters = "123K quotes\n\nHello, World.\n\nHello, World with 3 views.\n3 views";
  assert.equal(on(counters, dropCounterLines), "Hello, World.\n\nHello, World with 3 views.");
});

test("a counter is a number, what it counts, and nothing else", () => {
  const kinds =
    "likes shares comments retweets reposts quotes bookmarks upvotes downvotes downloads views followers".split(" ");
  for (const kind of kinds) {
    // DCLM, test_modifiers.py: test_counter_line_modifier.
    for (const line of [`3 ${kind}`, `3,000 ${kind}`, `123K ${kind}!`, ` 5.1M   ${kind}  `]) assert.ok(isCounter(line));
  }
  for (const line of ["* ,.3,. \u00a0LIKES …", "٣ views", "3.m views", "1b vIeWs", "3 liKes", "-1 likes\ud800"]) {
    assert.ok(isCounter(line), line);
  }
  for (const line of [
    "likes",
    " likes",
    "3likes",
    "3k",
    "3 kk likes",
    "a 3 likes",
    "3 4 likes",
    "3 likes x",
    ",. likes",
  ]) {
    assert.ok(!isCounter(line), line);
  }
  for (const line of ["3 like", "3 dislikes", "² likes", "3 likes_", "3kb likes", "", "3 follower"]) {
    assert.ok(!isCounter(line), line);
  }
});

test(`counters are found as DCLM's expression finds them (seed ${SEED})`, () => {
  const random = numbers();
  const expression =
    /^[^\p{L}\p{N}_]*\p{Nd}(?:,|\.|\p{Nd})*(?:K|k|M|m|B|b)?[\t-\r\x1c-\x20\x85\xa0\u2003]+(?:likes|shares|comments|retweets|reposts|quotes|bookmarks|upvotes|downvotes|downloads|views|followers)[^\p{L}\p{N}_]*$/u;
  const pieces = [
    "1",
    "٣",
    "²",
    ",",
    ".",
    "k",
    "M",
    "x",
    "_",
    " ",
    "\u2003",
    "likes",
    "VIEWS",
    "view",
    "!",
    "𝟙",
    "\ud800",
  ];
  for (let round = 0; round < 10_000; round++) {
    let line = "";
    for (let n = 1 + random(7); n > 0; n--) line += pieces[random(pieces.length)]!;
    assert.equal(isCounter(line), expression.test(line.toLowerCase()), JSON.stringify(line));
  }
});

test("phrases go from short lines, and lines that were nothing else", () => {
  const [cart, more, signIn] = PHRASES as [RegExp, RegExp, RegExp];
  const remove = (text: string, phrase: RegExp): string => removePhrase(text.split("\n"), phrase, 10).join("\n");
  // DCLM, test_modifiers.py: test_substring_line_modifier.
  const long = "You have 7 items in cart right now but you can add more by clicking back onto the homepage.";
  assert.equal(
    remove(`You have 7 items in cart right now\n  items in cart  \n${long}`, cart),
    `You have 7 right now\n${long}`,
  );
  const form = "sign-in at this page by providing your username and password. If you forget your password you may not.";
  assert.equal(
    remove(`sign-in for full access\nsign-in  \nThis is an article about how to sign-in.\n\n${form}`, signIn),
    `for full access\nThis is an article about how to sign-in.\n\n${form}`,
  );
  const summary = "This is a short summary about the article, which can be expanded upon if you wish. Read more...";
  assert.equal(
    remove(`Please read more...\n  read more...\nRead more...and find out!\n\n${summary}`, more),
    `Please\nRead more...and find out!\n\n${summary}`,
  );
  assert.equal(remove("Please READ MORE of\nread more", more), "Please\nread more", "the dots match anything");
  assert.equal(remove("İtems ın cart left\nſıgn-in", cart), "left\nſıgn-in", "Python's i has four cases");
  assert.equal(remove("x\nſıgn-in now", signIn), "x\nnow");
  const ten = "one two three four five six seven items in cart";
  assert.equal(remove(`${ten}\nand ${ten}`, cart), `one two three four five six seven\nand ${ten}`);
  // The page is stripped after each rule: the first line has lost its indentation when the next one looks.
  assert.equal(remove("\n  a\n  Sign-in x\n ", signIn), "a\n  Sign-in x");
});

test("banned words: the longest at each place, different ones counted", () => {
  const count = (list: string[], whole: boolean, url: string): number => new BannedWords(list, whole).count(url);
  // DCLM, test_metadata_filters.py: test_url_substring_filter.
  assert.equal(count(["badword", "reallybadword"], false, "https://www.badword.com"), 1);
  assert.equal(count(["reallybadword", "extremelybadword"], false, "https://www.badword.com"), 0);
  const two = "https://www.badword123-badword2.com";
  assert.equal(count(["badword1", "badword2", "badword3"], false, two), 2);
  assert.equal(count(["badword1", "badword2", "badword3"], true, two), 1);
  assert.equal(count(["badword123", "badword2", "badword3"], true, two), 2);
  assert.equal(count(["badword1", "badword2", "badword3", "word123"], false, two), 2, "matches do not overlap");
  assert.equal(count(["BadWord2"], false, "https://www.badword.com/badword2"), 1);
  assert.equal(count(["a", "ab-c", ""], true, "x/ab-c/ab-cd/a/a_b/é-a"), 2);
  assert.equal(count(["a", "a-b"], true, "a-bc"), 1, "the longest that is a word");
});

test("the banned domain is looked up as urlparse and DCLM's configuration have it", () => {
  const CASES = {
    "https://xxx.com/adult-video": "xxx.com",
    "https://www.xxx.com": ".xxx.com",
    "HTTP://User@Example.ORG:8080?x": "user@example.org:8080",
    "//a.b#c": "a.b",
    "mailto:a@b.c": "",
    "a.b/c": "",
    "": "",
    "x-y+1.z://wwwa.www/": "a.",
  };
  for (const [url, domain] of Object.entries(CASES)) assert.equal(bannedDomainOf(url), domain, url);
});

test("classes of characters are Python's", () => {
  const has = (text: string, flag: number): boolean[] =>
    [...text].map((character) => (classesOf(character.codePointAt(0)!) & flag) !== 0);
  assert.deepEqual(has("aé中²½Ⅳ_Ⓐ\u0301 𝒳", Character.alphanumeric), [
    ...[true, true, true, true, true, true, false, false, false, false, true],
  ]);
  assert.deepEqual(has("_a-", Character.word), [true, true, false]);
  assert.deepEqual(has("AaⅣⒶ🅰ª", Character.uppercase), [true, false, true, true, true, false]);
  assert.deepEqual(has("1٣²①⑩½", Character.digit), [true, true, true, true, false, false]);
  assert.deepEqual(has("1٣²①", Character.decimal), [true, true, false, false]);
});
