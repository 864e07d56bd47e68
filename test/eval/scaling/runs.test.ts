import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { columnsOf, lossSets, runOf } from "../../../eval/scaling/runs.ts";
import { positiveIn, readTable } from "../../../eval/scaling/table.ts";
import { tempFolder } from "../../tokenizer/temp.ts";

const folder = tempFolder();

test("columns are known by their names, those of public files among them", () => {
  const found = (heading: string) =>
    Object.fromEntries(
      columnsOf(readTable(file(`${heading}\n${"1,".repeat(heading.split(",").length).slice(0, -1)}\n`))),
    );
  assert.deepEqual(found("N,D,loss"), { params: "N", tokens: "D", loss: "loss" });
  // epoch-research/analyzing-chinchilla, mlfoundations/scaling.
  assert.deepEqual(found("x,Model Size,Training FLOP,loss"), {
    params: "Model Size",
    flops: "Training FLOP",
    loss: "loss",
  });
  assert.deepEqual(found("name,train_data,params,params_no_embed,tokens,chinchilla_multiplier,loss_ptb"), {
    params: "params",
    params_no_embed: "params_no_embed",
    tokens: "tokens",
    arm: "train_data",
    multiplier: "chinchilla_multiplier",
  });
});

test("what the user says goes before names", () => {
  const table = readTable(file("n,loss,loss_ptb,d\n1,2,3,4\n"));
  assert.equal(columnsOf(table, new Map([["loss", "loss_ptb"]])).get("loss"), "loss_ptb");
  assert.deepEqual(lossSets(table), ["ptb"]);
  assert.throws(() => columnsOf(table, new Map([["loss", "los"]])), {
    name: "RecipeError",
    message: /no column for --column loss=los \(there are n, loss, loss_ptb, d\)/,
  });
  assert.throws(() => columnsOf(table, new Map([["los", "loss"]])), { message: /unknown role \(there are params, / });
});

test("tokens follow from FLOPs and FLOPs from tokens; unique tokens from epochs", () => {
  assert.equal(runAt("n,c\n1e6,6e14\n").tokens, 1e8);
  assert.equal(runAt("n,d\n1e6,1e8\n").flops, 6e14);
  assert.equal(runAt("n,d,epochs\n1e6,1e8,4\n").uniqueTokens, 2.5e7);
  assert.equal(runAt("n,d,epochs\n1e6,1e8,0.5\n").uniqueTokens, 1e8);
  assert.equal(runAt("n,d,unique tokens\n1e6,1e8,3e7\n").uniqueTokens, 3e7);
  assert.throws(() => runAt("n,loss\n1,2\n"), {
    name: "RecipeError",
    message: /no column for tokens or flops \(there are n, loss\)/,
  });
  assert.throws(() => runAt("size,d\n1,2\n"), {
    name: "RecipeError",
    message: /no column for params .*--column params=/,
  });
});

test("runs beyond what numbers hold are refused", () => {
  assert.throws(() => runAt("n,d\n1e200,1e200\n"), {
    name: "FormatError",
    message: /:2: 1e\+200 parameters and 1e\+200/,
  });
  assert.throws(() => runAt("n,c\n1e300,1e-300\n"), { name: "FormatError", message: /and 0 tokens are beyond/ });
});

test("a list of JSON objects is a table, too", () => {
  const table = readTable(file('[{"parameters": 1e6, "compute_budget": 6e14, "final_loss": 3.5}]', "runs.json"));
  assert.deepEqual(table.columns, ["parameters", "compute_budget", "final_loss"]);
  assert.equal(runOf(table.rows[0]!, table, columnsOf(table)).tokens, 1e8);
  assert.throws(() => readTable(file("[1]", "runs.json")), {
    name: "FormatError",
    message: /runs\.json\[0\]: expected an object/,
  });
  assert.throws(() => readTable(file("{}", "runs.json")), {
    name: "FormatError",
    message: /found an object, expected a list/,
  });
  assert.throws(() => readTable(file("[", "runs.json")), { name: "FormatError", message: /not JSON/ });
});

test("what is no number above zero is told with file, line and column", () => {
  const table = readTable(file('n,loss\n"1\n",2\n1,\n1,x\n1,-3\n1,Infinity\n'));
  assert.equal(positiveIn(table.rows[0]!, "loss"), 2);
  for (const [row, line, found] of [
    [1, 4, '""'],
    [2, 5, '"x"'],
    [3, 6, '"-3"'],
    [4, 7, '"Infinity"'],
  ] as const) {
    assert.throws(() => positiveIn(table.rows[row]!, "loss"), {
      name: "FormatError",
      message: `${table.path}:${line}: column "loss": found ${found}, expected a number above zero`,
    });
  }
});

test("no file, a folder, a table without runs, a column twice: told", () => {
  assert.throws(() => readTable(join(folder, "absent.csv")), { name: "RecipeError", message: /no such file/ });
  assert.throws(() => readTable(folder), { name: "RecipeError", message: /found a folder/ });
  assert.throws(() => readTable(file("n,loss\n")), { name: "FormatError", message: /found no runs/ });
  assert.throws(() => readTable(file("n,n\n1,2\n")), {
    name: "FormatError",
    message: /runs\.csv:1: found the column "n" twice/,
  });
});

function file(text: string, name = "runs.csv"): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function runAt(text: string) {
  const table = readTable(file(text));
  return runOf(table.rows[0]!, table, columnsOf(table));
}
