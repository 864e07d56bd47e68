/** Task formats. A row is read as the first that it fits: those that ask for more stand before those that ask for less. */
import arc from "./arc.ts";
import arithmetic from "./arithmetic.ts";
import boolq from "./boolq.ts";
import commonsenseQa from "./commonsense-qa.ts";
import copa from "./copa.ts";
import type { TaskFormat } from "./format.ts";
import gsm8k from "./gsm8k.ts";
import hellaswag from "./hellaswag.ts";
import jeopardy from "./jeopardy.ts";
import lambada from "./lambada.ts";
import mmlu from "./mmlu.ts";
import mmluContinuation from "./mmlu-continuation.ts";
import openbookQa from "./openbook-qa.ts";
import piqa from "./piqa.ts";
import svamp from "./svamp.ts";
import text from "./text.ts";
import wikitext from "./wikitext.ts";
import winogrande from "./winogrande.ts";

export const formats: readonly TaskFormat[] = [
  mmlu,
  mmluContinuation, // The same rows: never found, only asked for.
  hellaswag,
  boolq,
  commonsenseQa,
  arc,
  piqa,
  copa,
  openbookQa,
  winogrande,
  jeopardy,
  arithmetic,
  svamp,
  gsm8k,
  lambada,
  wikitext,
  text,
];
