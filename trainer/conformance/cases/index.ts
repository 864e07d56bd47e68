/** Every case there is, by the name that `cases.json` has for it. */
import type { Case } from "../case.ts";
import { ADAMW } from "./adamw.ts";
import { ALIGNMENT } from "./alignment.ts";
import { FLASH } from "./flash.ts";
import { LANGUAGE_MODELS } from "./language-model.ts";
import { LAYERS } from "./layers.ts";

export const CASES: ReadonlyMap<string, Case> = new Map(
  [LAYERS, LANGUAGE_MODELS, ADAMW, FLASH, ALIGNMENT].flatMap((cases) => Object.entries(cases)),
);
