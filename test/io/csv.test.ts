import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCsv } from "../../pipeline/io/csv.ts";

test("quoted fields hold commas, quotes and line ends; records tell the line they begin on", () => {
  const text = '\uFEFFa,b\r\n"1,000","say ""x"",\nplease"\r\n\r\n3,\n';
  assert.deepEqual(parseCsv(text, "x.csv"), [
    { fields: ["a", "b"], line: 1 },
    { fields: ["1,000", 'say "x",\nplease'], line: 2 },
    { fields: ["3", ""], line: 5 },
  ]);
  assert.deepEqual(parseCsv("", "x.csv"), []);
});

test("what is no CSV is told with file and line", () => {
  for (const [text, message] of [
    ["a,b\n1,2,3\n", /^x\.csv:2: not CSV .*expect 2, got 3/],
    ['a,b\n1,"2\n3,4', /^x\.csv:3: not CSV .*Quote Not Closed/],
    ['a,b\n1,2"3\n', /^x\.csv:2: not CSV .*Opening Quote/],
  ] as const) {
    assert.throws(() => parseCsv(text, "x.csv"), { name: "FormatError", message });
  }
});
