import assert from "node:assert/strict";
import test from "node:test";
import { seededRandom } from "../../pipeline/random.ts";
import { isGlobalV4, isGlobalV6 } from "../../stages/clean/pii/ip.ts";
import pii from "../../stages/clean/pii.ts";
import { prepareRewriter, rewriterContract } from "../contracts/rewriter.ts";

const EMAIL = "|||EMAIL_ADDRESS|||";
const PHONE = "|||PHONE_NUMBER|||";
const IP = "|||IP_ADDRESS|||";

rewriterContract(
  pii,
  {},
  new Map([
    ["Write to test@gmail.com, please.", { text: `Write to ${EMAIL}, please.` }],
    ["", { text: "" }],
  ]),
);
rewriterContract(
  pii,
  { action: "drop", maxFound: 1 },
  new Map([
    ["a@b.org and 8.8.8.8", { reason: "too-much-pii" }],
    ["a@b.org", { text: "a@b.org" }],
  ]),
);

/** Each text by itself: what is masked in it. */
async function assertMasks(cases: readonly (readonly [text: string, masked: string])[], params: object = {}) {
  const run = await prepareRewriter(pii, params);
  for (const [text, masked] of cases) assert.equal(run(text).text, masked, text);
}

const unchanged = (...texts: string[]) => texts.map((text) => [text, text] as const);

// Addresses of huggingface/datatrove, tests/pipeline/test_pii_removal.py, with what its pattern leaves of each.
test("e-mail addresses are those that datatrove finds", () =>
  assertMasks([
    ...[
      "email@example.com",
      "firstname.lastname@example.com",
      "email@subdomain.example.com",
      "firstname+lastname@example.com",
      "email@123.123.123.123",
      "email@[123.123.123.123]",
      "1234567890@example.com",
      "email@example-one.com",
      "_______@example.com",
      "email@example.museum",
      "email@example.co.jp",
      "email@example.web",
      "email@111.222.333.44444",
    ].map((address) => [address, EMAIL] as const),
    ...unchanged(
      '"email"@example.com',
      "plainaddress",
      "#@%^%#$@#$@#.com",
      "@example.com",
      "email.example.com",
      "email.@example.com",
      "あいうえお@example.com",
      "email@example",
      "email@-example.com",
      "email@example..com",
      "”(),:;<>[\\]@example.com",
    ),
    ["Joe Smith <email@example.com>", `Joe Smith <${EMAIL}>`],
    ["email@example@example.com", `email@${EMAIL}`],
    [".email@example.com", `.${EMAIL}`],
    ["email..email@example.com", `email..${EMAIL}`],
    ["Abc..123@example.com", `Abc..${EMAIL}`],
    ["just”not”right@example.com", `just”not”${EMAIL}`],
    ['this\\ is"really"not\\allowed@example.com', `this\\ is"really"not\\${EMAIL}`],
  ]));

test("e-mail addresses beyond datatrove's: capitals, and scripts without spaces; and short of it", () =>
  assertMasks([
    ["John.Doe@Example.ORG.", `${EMAIL}.`],
    ["请联系joe@example.org。", `请联系${EMAIL}。`],
    ["**joe@example.org** | a@b.co|c@d.co", `**${EMAIL}** | ${EMAIL}|${EMAIL}`],
    ["mailto:joe@example.org?subject=x", `mailto:${EMAIL}?subject=x`],
    ...unchanged(
      "user@",
      "user@ example.org",
      "@handle",
      "user@host",
      "3@4.99 each",
      "2@1.5.0",
      "https://m.com/@joe.x",
    ),
    ["éjoe@example.org", "éjoe@example.org"],
  ]));

test("telephone numbers are those of CS336's tests, in all four ways of writing", () =>
  assertMasks(
    ["2831823829", "(283)-182-3829", "(283) 182 3829", "283-182-3829"].map((number) => [
      `Feel free to contact me at ${number} if you have any questions.`,
      `Feel free to contact me at ${PHONE} if you have any questions.`,
    ]),
  ));

test("telephone numbers may have a country's number, and end where they end", () =>
  assertMasks([
    ...["+1 283 182 3829", "1-283-182-3829", "+44 20 7946 0958", "+49 (0)30 1234567", "+353-61-213147"].map(
      (number) => [`Tel:${number}.`, `Tel:${PHONE}.`] as const,
    ),
    ["((283) 182-3829)", `(${PHONE})`],
    ["283.182.3829 283-182-3829", `${PHONE} ${PHONE}`],
    ["283 1823829, 1.283.182.3829", `${PHONE}, ${PHONE}`],
    ["+44 20 7946 0958 283-182-3829", `${PHONE} ${PHONE}`],
    ...unchanged(
      "on 2024-01-15, 1700000000 seconds in",
      "order 48213377, 482133771 or 482133771234",
      "$2831823829, 283182.3829, 283.1823829, 1.2831823829, 1,283,182.50",
      "/item/2831823829/ ?id=2831823829 v2831823829",
      "4111 1111 1111 1111",
      "283-182-3829-1 12.283.182.3829",
      "+1 +22 +1234567",
      "012 345 6789",
    ),
  ]));

// Addresses of the same datatrove test, and CS336's.
test("IP addresses are whole, valid, and public unless told otherwise", async () => {
  const valid = "163.36.107.25 114.35.103.54 57.120.21.121 13.83.69.70 29.116.31.158 4.132.211.142".split(" ");
  const invalid = ["999.999.999.999.", "108.0.0.01", "00.0000.00.00", "192.168.l.1", "912.456.123.123", "192.168.o.0"];
  const local = "172.16.0.9 172.31.254.254 127.0.0.2 10.255.255.254 192.168.254.0 0.1.2.3".split(" ");
  await assertMasks([
    ...valid.map((address) => [address, IP] as const),
    [".3.3.3.0", `.${IP}`],
    ["地址8.8.8.8。", `地址${IP}。`],
    ["http://8.8.8.8:80/", `http://${IP}:80/`],
    ...unchanged(...invalid, ...local, "192.0.2.146", "1.2.3.4.5", "v1.2.3.4", "1.2.3", "8.8.8.8.8.8.8.8"),
    // No pattern can tell.
    ["version 1.2.3.4", `version ${IP}`],
  ]);
  await assertMasks(
    [["You can access the server at 192.0.2.146.", `You can access the server at ${IP}.`], ...unchanged(...invalid)],
    { publicIpsOnly: false },
  );
});

test("IPv6 addresses are those of blocks in use", async () => {
  await assertMasks([
    ["at 2606:4700:4700::1111.", `at ${IP}.`],
    ["[2606:4700:4700:0:0:0:0:1111]:80", `[${IP}]:80`],
    ...unchanged(
      "2001:db8::1",
      "::1",
      "fe80::1",
      "12:30:45",
      "std::dec",
      "abc::def",
      "2606:4700::/32",
      "a:b:c:d:e:f:1:2",
    ),
  ]);
  await assertMasks([["fe80::1 2001:db8::1", `${IP} ${IP}`], ...unchanged("abc::def", "::1")], {
    publicIpsOnly: false,
  });
});

// By Python's ipaddress, as of 3.12.4.
test("public is what Python calls global", () => {
  const global =
    "8.8.8.8 11.0.0.0 100.63.255.255 100.128.0.0 172.15.255.255 172.32.0.0 192.0.0.9 192.0.1.0 198.17.255.255 198.20.0.0 224.0.0.1 239.255.255.255";
  const not =
    "0.0.0.0 10.0.0.0 100.64.0.0 100.127.255.255 127.255.255.255 169.254.1.1 172.16.0.0 172.31.255.255 192.0.0.0 192.0.0.170 192.0.2.146 192.168.0.1 198.18.0.0 198.19.255.255 198.51.100.7 203.0.113.255 240.0.0.0 255.255.255.255";
  for (const address of global.split(" ")) assert.ok(isGlobalV4(address.split(".").map(Number)), address);
  for (const address of not.split(" ")) assert.ok(!isGlobalV4(address.split(".").map(Number)), address);
  for (const address of ["2606:4700::1", "2001:200::1", "3ffe::1"]) assert.ok(isGlobalV6(address), address);
  for (const address of ["2001::1", "2001:db8::1", "2002:808::1", "3fff:1::1", "fc00::1"]) {
    assert.ok(!isGlobalV6(address), address);
  }
});

test("a mask that is there already is neither counted nor changed", async () => {
  const run = await prepareRewriter(pii);
  const text = `Some datasets use ${EMAIL}. The instructors are pl@fakedomain.ai and spl@fakedomain.ai`;
  const { text: masked, scores } = run(text);
  assert.equal(masked, `Some datasets use ${EMAIL}. The instructors are ${EMAIL} and ${EMAIL}`);
  assert.deepEqual(scores, { emails: 2, phones: 0, ips: 0, chars: 33 });
});

test("isbn, doi and # keep numbers from being taken for telephones and IPs, within 100 characters", () =>
  assertMasks([
    ...unchanged("ISBN 283-182-3829", "doi:10.1000/182 8.8.8.8", "8.8.8.8 in #channel", "283-182-3829\nisbn"),
    ["ISBN joe@example.org 283-182-3829", `ISBN ${EMAIL} ${PHONE}`],
    [`#${" ".repeat(100)}8.8.8.8`, `#${" ".repeat(100)}${IP}`],
    [`#${" ".repeat(99)}8.8.8.8`, `#${" ".repeat(99)}8.8.8.8`],
  ]));

test("what the words are is the recipe's to say", () =>
  assertMasks([["ISBN 283-182-3829", `ISBN ${PHONE}`]], { notNear: [] }));

test("examples come in turn, and each page begins anew", async () => {
  const run = await prepareRewriter(pii, { replacement: "example" });
  const text = "a@b.co c@d.co e@f.co 8.8.8.8 9.9.9.9 283-182-3829";
  const expected =
    "email@example.com firstname.lastname@example.org email@example.com 22.214.171.124 126.96.36.199 202-555-0143";
  assert.equal(run(text).text, expected);
  assert.equal(run(text).text, expected);
  assert.equal(run(expected).text, expected);
  assert.equal(run(expected).scores.chars, 0);
  // They are examples only where they are written, and as they stand.
  const masking = await prepareRewriter(pii);
  assert.equal(masking("email@example.com 22.214.171.124").text, `${EMAIL} ${IP}`);
  assert.equal(run("email@example.community").text, "email@example.com");
});

test("same-length replacements leave every offset where it was", async () => {
  const run = await prepareRewriter(pii, { replacement: "same-length" });
  const text = "é a@b.co\n8.8.8.8 中 (283) 182-3829!";
  const { text: filled } = run(text);
  assert.equal(filled, "é ******\n******* 中 **************!");
  assert.equal(Buffer.byteLength(filled), Buffer.byteLength(text));
});

test("detect and drop change nothing, and count the same", async () => {
  const text = "a@b.co 8.8.8.8 (283) 182-3829";
  const scores = { emails: 1, phones: 1, ips: 1, chars: 27 };
  for (const params of [{ action: "detect" }, { action: "drop" }, { action: "detect", replacement: "example" }]) {
    assert.deepEqual((await prepareRewriter(pii, params))(text), { text, scores, verdict: { kept: true } });
  }
  const dropping = await prepareRewriter(pii, { action: "drop" });
  assert.deepEqual(dropping("a@b.co ".repeat(6)).verdict, { kept: false, reason: "too-much-pii", value: 6 });
  const masking = await prepareRewriter(pii, { maxFound: 5 });
  assert.ok(!masking("a@b.co ".repeat(6)).verdict.kept);
  assert.ok((await prepareRewriter(pii))("a@b.co ".repeat(60)).verdict.kept);
});

test("only the kinds that are asked for", () =>
  assertMasks([["a@b.co 8.8.8.8 283-182-3829", `a@b.co ${IP} 283-182-3829`]], { kinds: ["ip"] }));

const PLANTED: readonly (readonly [written: string, mask: string])[] = [
  ["joe.bloggs@mail.example.net", EMAIL],
  ["X+Y@B.co", EMAIL],
  ["8.8.4.4", IP],
  ["2606:4700:4700::1111", IP],
  ["(415) 555-2671", PHONE],
  ["+44 20 7946 0958", PHONE],
];
const PROSE = [
  "Word",
  "of",
  "2024-01-15",
  "v1.2.3",
  "$1,200.50",
  "10.0.0.1",
  "user@",
  "No. 48213377",
  "é",
  "中文",
  "a/b",
  "…",
];

test("planted in random text, all is found, and nothing else changes", async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const random = seededRandom(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
  const run = await prepareRewriter(pii);
  for (let i = 0; i < 300; i++) {
    const pieces = Array.from({ length: 40 }, () => (random() < 0.2 ? pick(PLANTED) : ([pick(PROSE), ""] as const)));
    const joints = pieces.map(() => pick([" ", "\n", ", ", ". ", "; ", "\n\n"]));
    const write = (masked: boolean) =>
      pieces.map(([text, mask], n) => (masked && mask !== "" ? mask : text) + joints[n]);
    assert.equal(run(write(false).join("")).text, write(true).join(""), `seed ${seed}`);
  }
});

/** Whatever may stand beside an address and make another one of it. */
const SHARDS = (
  "a@b.co x.y@[1.2.3.4] @ . - _ + * ***** | ||| é 中 # doi 1 22 8.8.8.8 10.0.0.1 1.2.3.4 2600::1 2001:db8::1 : :: ( ) " +
  "283-182-3829 2831823829 email@example.com 22.214.171.124 202-555-0143 |||EMAIL_ADDRESS||| EMAIL_ADDRESS " +
  "|||IP_ADDRESS||| / = a com [ ] 1.2.3 \uffff 555 4567"
)
  .split(" ")
  .concat(" ", "\n", "+1 ", "+44 20 7946 0958", "(283) 182 3829", "x".repeat(60), " word".repeat(19));

const TWICE_FOUND = [
  "2600::11:2831823829[4567",
  "-_]x.y@[1.2.3.4]a@b.co",
  "a@b.co_x@y.org",
  "+44 20 7946 0958 283-182-3829",
  "+1 +1 2831823829",
  "x@2600::1+a@b.co",
];

test("a second run finds nothing and changes nothing, whatever the replacement", async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const random = seededRandom(seed);
  for (const replacement of ["mask", "example", "same-length"]) {
    for (const kinds of [["email", "phone", "ip"], ["email"], ["phone", "ip"]]) {
      for (const publicIpsOnly of [true, false]) {
        const run = await prepareRewriter(pii, { replacement, kinds, publicIpsOnly });
        // The first ones were found so.
        for (let i = 0; i < 800; i++) {
          const text =
            TWICE_FOUND[i] ??
            Array.from(
              { length: 1 + Math.floor(random() * 12) },
              () => SHARDS[Math.floor(random() * SHARDS.length)]!,
            ).join("");
          const once = run(text);
          const again = run(once.text);
          const where = `seed ${seed}, ${replacement}, ${kinds}, ${publicIpsOnly}: ${JSON.stringify(text)}`;
          assert.equal(again.text, once.text, where);
          assert.equal(again.scores.chars, 0, where);
          assert.equal(once.text.split("\n").length, text.split("\n").length, where);
        }
      }
    }
  }
});

test("hostile text takes linear time", async () => {
  const run = await prepareRewriter(pii, { publicIpsOnly: false });
  const many = (piece: string) => piece.repeat(3e5 / piece.length);
  const texts = [
    ..."a@ 1. 1.1.1.1. 9 . a. a@b. ( +1 a: : a@[1.2.3.4 283- ||| @ é@ \n \ud800".split(" ").map(many),
    many("283 "),
    many("# 8.8.8.8 "),
    `x@${many("a-")}`,
    `${many("a")}@`,
    `é${many("!")}@b.co`,
    `+${many("22 ")}`,
    `${many("f")}:`,
  ];
  for (const text of texts) {
    const once = run(text);
    assert.equal(run(once.text).text, once.text);
  }
});
