import { Command } from "commander";
import { evalCommand } from "./classifier/eval.ts";
import { predictCommand } from "./classifier/predict.ts";
import { trainCommand } from "./classifier/train.ts";

export function classifierCommand(): Command {
  return new Command("classifier")
    .description("Train fastText classifiers, label texts with them, and measure what they are worth.")
    .addCommand(trainCommand())
    .addCommand(predictCommand())
    .addCommand(evalCommand());
}
