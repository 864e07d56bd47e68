import type { Template } from "./template.ts";

/** Templates by name. */
export const TEMPLATES: Readonly<Record<string, Template>> = {
  /** The texts, one after the other. */
  plain: {
    name: "plain",
    beginning: "",
    system: { before: "", after: "" },
    user: { before: "", after: "" },
    assistant: { before: "", after: "" },
    turns: "many",
  },
  /** Turns between marks. They are ordinary text: a base model's vocabulary has no tokens for them. */
  chat: {
    name: "chat",
    beginning: "",
    system: { before: "<system>\n", after: "\n</system>\n" },
    user: { before: "<user>\n", after: "\n</user>\n" },
    assistant: { before: "<assistant>\n", after: "\n</assistant>\n" },
    turns: "many",
  },
  /**
   * Stanford Alpaca's wording without an input (github.com/tatsu-lab/stanford_alpaca, train.py), with a line end behind
   * the last heading, as the course's alpaca_sft.prompt has it. `inputJoin: "\n\n### Input:\n"` sets inputs apart as theirs.
   */
  alpaca: {
    name: "alpaca",
    beginning:
      "Below is an instruction that describes a task. " +
      "Write a response that appropriately completes the request.\n\n",
    user: { before: "### Instruction:\n", after: "\n\n" },
    assistant: { before: "### Response:\n", after: "" },
    turns: "one",
  },
  "question-answer": {
    name: "question-answer",
    beginning: "",
    system: { before: "", after: "\n\n" },
    user: { before: "Question: ", after: "\n" },
    assistant: { before: "Answer:\n", after: "\n\n" },
    turns: "many",
  },
  /**
   * The dialogues of Anthropic's hh-rlhf, to the letter. The prompt ends in a space, which most vocabularies would rather
   * join to the word behind it: what was learned of such texts elsewhere carries over less well.
   */
  hh: {
    name: "hh",
    beginning: "",
    user: { before: "\n\nHuman: ", after: "" },
    assistant: { before: "\n\nAssistant: ", after: "" },
    turns: "many",
  },
};
