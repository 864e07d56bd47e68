import assert from "node:assert/strict";
import { test } from "node:test";
import paragraphDedup from "../../stages/dedup/paragraph-dedup.ts";
import { leftOf, passagesContract } from "../contracts/passages.ts";

const LEGAL = "All rights reserved.\nAll wrongs reversed.";

passagesContract("paragraph-dedup", paragraphDedup, paragraphDedup(), [
  [`Some text.\n\n${LEGAL}\n\nMore text.`, `Some text.\n\n${LEGAL}\n\nMore text.`, []],
  [`First.\n\n${LEGAL}\n \t\n\nLast.\n`, "First.\n\nLast.\n", [0]],
  [`${LEGAL}\n\nLast.`, "Last.", [0]],
  [`First.\n\n\n${LEGAL}\n`, "First.\n", [0]],
  [`First.\n\n${LEGAL}\n\n${LEGAL}`, "First.", [0, 0]],
  [`\n\n${LEGAL}\n\n`, "\n\n", [0]],
  [LEGAL, "", [0]],
  ["All rights reserved.\n\nAll wrongs reversed.", "All rights reserved.\n\nAll wrongs reversed.", []],
  [
    `First.\r\n\r\n${LEGAL.replace("\n", "\r\n")}\r\n\r\nLast.`,
    `First.\r\n\r\n${LEGAL.replace("\n", "\r\n")}\r\n\r\nLast.`,
  ],
]);

passagesContract(
  "paragraph-dedup, no copies stay",
  paragraphDedup,
  paragraphDedup({ copies: "none", normalize: "whitespace-case", minWords: 3 }),
  [
    [`A.\n\n${LEGAL}\n\nB.`, "A.\n\nB.", [0]],
    [`C.\n\n  ${LEGAL.toUpperCase().replace("\n", " ")}\n\nD.`, "C.\n\nD.", [0]],
    ["Three-and-twenty characters\n\nD.", "Three-and-twenty characters\n\nD."],
    ["Three-and-twenty characters\n\nE.", "Three-and-twenty characters\n\nE."],
  ],
);

test("a paragraph keeps its indentation, and its inner lines count", () => {
  const pages = ["  indented\n    more and more", "  indented\n    more and more\n", "  indented\n   more and more"];
  assert.deepEqual(leftOf(paragraphDedup, paragraphDedup(), pages), [pages[0], "", pages[2]]);
});
