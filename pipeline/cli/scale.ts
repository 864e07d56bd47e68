import { Command } from "commander";
import { fitCommand } from "./scale/fit.ts";
import { planCommand } from "./scale/plan.ts";
import { rankTransferCommand } from "./scale/rank-transfer.ts";

export function scaleCommand(): Command {
  return new Command("scale")
    .description("What small runs tell of large ones: laws, budgets, and whether they rank data alike.")
    .addCommand(fitCommand())
    .addCommand(planCommand())
    .addCommand(rankTransferCommand());
}
