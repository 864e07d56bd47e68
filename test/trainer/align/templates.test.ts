import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { Message } from "../../../trainer/align/examples/example.ts";
import { RowFault } from "../../../trainer/align/examples/faults.ts";
import { TEMPLATES } from "../../../trainer/align/templates/built-ins.ts";
import { renderPrompt, renderResponse, responseIn, segmentsOf } from "../../../trainer/align/templates/render.ts";
import { resolveTemplate, Template } from "../../../trainer/align/templates/template.ts";
import { needsShared, sharedPath } from "../../shared.ts";

const folder = mkdtempSync(join(tmpdir(), "templates-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const USER = (content: string): Message => ({ role: "user", content });
const ASSISTANT = (content: string): Message => ({ role: "assistant", content });

test("built-in templates render as their sources have it", () => {
  const texts: Record<string, [string, string]> = {
    plain: ["2+2=", "4"],
    chat: ["<user>\n2+2=\n</user>\n<assistant>\n", "4\n</assistant>\n"],
    alpaca: [
      "Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n### Instruction:\n2+2=\n\n### Response:\n",
      "4",
    ],
    "question-answer": ["Question: 2+2=\nAnswer:\n", "4\n\n"],
    hh: ["\n\nHuman: 2+2=\n\nAssistant: ", "4"],
  };
  assert.deepEqual(Object.keys(TEMPLATES), Object.keys(texts));
  for (const [name, template] of Object.entries(TEMPLATES)) {
    assert.equal(template.name, name);
    assert.deepEqual(Template.parse(template), template, "plain data of the schema");
    assert.deepEqual([renderPrompt(template, [USER("2+2=")]), renderResponse(template, "4")], texts[name]);
  }
});

test("a dialogue is cut where the assistant begins and ends", () => {
  const messages: Message[] = [
    { role: "system", content: "Be kind." },
    USER("a"),
    ASSISTANT("b"),
    USER("c"),
    USER("d"),
  ];
  assert.deepEqual(segmentsOf(TEMPLATES.chat!, messages), [
    { text: "<system>\nBe kind.\n</system>\n<user>\na\n</user>\n<assistant>\n", isAnswer: false },
    { text: "b\n</assistant>\n", isAnswer: true },
    { text: "<user>\nc\n</user>\n<user>\nd\n</user>\n<assistant>\n", isAnswer: false },
  ]);
  assert.equal(
    renderPrompt(TEMPLATES.hh!, [USER("a"), ASSISTANT("b"), USER("c")]),
    "\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant: ",
  );
});

test("what a template has no place for is a fault of the row", () => {
  const system: Message = { role: "system", content: "s" };
  const reason = (expected: string) => (error: unknown) => error instanceof RowFault && error.reason === expected;
  assert.throws(() => renderPrompt(TEMPLATES.hh!, [system, USER("q")]), reason("no-system-slot"));
  assert.throws(() => renderPrompt(TEMPLATES.alpaca!, [USER("a"), ASSISTANT("b"), USER("c")]), reason("several-turns"));
  assert.throws(() => renderPrompt(TEMPLATES.alpaca!, [USER("a"), USER("c")]), reason("several-turns"));
});

test("the mark behind an answer is taken off what a model has written", () => {
  assert.equal(responseIn(TEMPLATES.chat!, "4\n</assistant>\n"), "4");
  assert.equal(responseIn(TEMPLATES.chat!, "4\n</ass"), "4\n</ass");
  assert.equal(responseIn(TEMPLATES.plain!, "4"), "4");
});

test("a config names a template, spells it out, or leads to a file of it", () => {
  const parts = { user: { before: "Q: ", after: "\n" }, assistant: { before: "A: " } };
  const text = "Q: {question}\nA: {response}";
  writeFileSync(join(folder, "parts.yaml"), 'user: { before: "Q: ", after: "\\n" }\nassistant: { before: "A: " }\n');
  writeFileSync(join(folder, "text.yaml"), "text: |\n  Q: {prompt}\n  A: {response}\n");
  writeFileSync(join(folder, "text.prompt"), `${text}\n`);
  for (const choice of [parts, { text }, "parts.yaml", "text.yaml", "text.prompt"]) {
    const template = resolveTemplate(choice, folder);
    assert.equal(renderPrompt(template, [USER("q")]), "Q: q\nA: ");
    assert.equal(renderResponse(template, "r"), "r");
  }
  assert.equal(resolveTemplate("hh"), TEMPLATES.hh);
  assert.equal(resolveTemplate({ text: "<{instruction}|{response}>" }).assistant.after, ">");
});

test("a template that drops what is asked or answered is refused, and so is what is none", () => {
  writeFileSync(join(folder, "drops.prompt"), "Q: {question}\nA: {answer}\n");
  writeFileSync(join(folder, "wrong.yaml"), "user: { befor: x }\n");
  const refused: [Parameters<typeof resolveTemplate>[0], RegExp][] = [
    [
      "drops.prompt",
      /drops\.prompt: the template has no \{response\}, expected it once: it stands where what is answered goes/,
    ],
    [{ text: "A: {response}" }, /^template: the template has no \{prompt\}/],
    [{ text: "{prompt} {response} {response}" }, /has 2 times \{response\}/],
    [{ text: "{prompt} {question} {response}" }, /has 2 times \{prompt\}/],
    [{ text: "{response} {prompt}" }, /found \{response\} before \{prompt\}/],
    ["wrong.yaml", /wrong\.yaml\.user: unknown parameter "befor"|befor/],
    [{ usr: {} }, /usr/],
    ["alpacca", /no template "alpacca" \(built in: plain, chat, alpaca, question-answer, hh\), and no file/],
    [".", /no template "\."/],
    ["constructor", /no template/],
  ];
  for (const [choice, message] of refused) {
    assert.throws(() => resolveTemplate(choice, folder), { name: "RecipeError", message });
  }
});

test("the alpaca template is the course's", needsShared("fixtures/course/raw/a5_2025/prompts"), () => {
  const course = resolveTemplate(sharedPath("fixtures/course/raw/a5_2025/prompts/alpaca_sft.prompt"));
  const prompt = [USER("Name three birds.")];
  assert.equal(renderPrompt(TEMPLATES.alpaca!, prompt), renderPrompt(course, prompt));
  assert.equal(renderResponse(TEMPLATES.alpaca!, "x"), renderResponse(course, "x"));
});
