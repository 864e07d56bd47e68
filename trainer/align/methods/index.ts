/** The methods by name: a line each. */
import type { MethodDefinition } from "../method.ts";
import dpo from "./dpo.ts";
import expertIteration from "./expert-iteration.ts";
import grpo from "./grpo.ts";
import ppo from "./ppo.ts";
import sft from "./sft.ts";

const all: readonly MethodDefinition[] = [sft, dpo, expertIteration, ppo, grpo];

export const METHODS: ReadonlyMap<string, MethodDefinition> = new Map(all.map((method) => [method.name, method]));
