import { Command, Option } from "commander";
import { BACKENDS, type BackendName, backendNamed } from "../../trainer/backends/index.ts";
import { type Outcome, runConformance } from "../../trainer/conformance/conformance.ts";
import { EXIT } from "../errors.ts";
import { table } from "./show.ts";

/** What is there unless its platform has none; tfjs has to be asked for. */
const BY_DEFAULT: readonly BackendName[] = ["reference", "onnx"];

export function conformanceCommand(): Command {
  return new Command("conformance")
    .description("Compare what the trainer computes with stored arrays, such as those of the CS336 assignments.")
    .argument("<cases>", "a cases.json, with the arrays in the folder npy beside it")
    .addOption(new Option("--backend <name>", `one backend (default: ${BY_DEFAULT.join(" and ")})`).choices(BACKENDS))
    .option("--json", "a line for each case, then the result, as JSON")
    .addHelpText("after", "\nExample:\n  sluice conformance fixtures/cases.json --backend reference\n")
    .action(async (casesPath: string, flags: { backend?: BackendName; json?: boolean }) => {
      const names = flags.backend === undefined ? BY_DEFAULT : [flags.backend];
      const backends = await Promise.all(names.map((name) => backendNamed(name)));
      const outcomes: Outcome[] = [];
      for await (const outcome of runConformance(casesPath, backends)) {
        outcomes.push(outcome);
        // JSON has no infinity: null, then.
        if (flags.json === true) console.log(JSON.stringify({ type: "case", ...outcome }));
      }
      const passed = outcomes.filter(({ passes }) => passes).length;
      const failed = outcomes.length - passed;
      if (flags.json === true) console.log(JSON.stringify({ type: "result", passed, failed }));
      else console.log(describe(outcomes, passed));
      process.exitCode = failed === 0 ? EXIT.done : EXIT.failed;
    });
}

function describe(outcomes: readonly Outcome[], passed: number): string {
  const rows = outcomes.map((outcome) => [
    outcome.case,
    outcome.backend,
    outcome.largestError.toExponential(1),
    toleranceOf(outcome),
    outcome.passes ? "pass" : "FAIL",
  ]);
  return [
    table([["case", "backend", "largest error", "tolerance", ""], ...rows]),
    ...outcomes.flatMap(({ case: name, backend, fault }) =>
      fault === undefined ? [] : [`  ${name}, ${backend}: ${fault}`],
    ),
    ...(outcomes.some(({ isDefaultAtol }) => isDefaultAtol) ? ["  * cases.json names none: ours"] : []),
    `${passed} of ${outcomes.length} pass`,
  ].join("\n");
}

function toleranceOf({ atol, rtol, isDefaultAtol }: Outcome): string {
  const relative = rtol === 0 ? "" : ` + ${rtol.toExponential()} rel`;
  return `${atol.toExponential()}${isDefaultAtol ? "*" : ""}${relative}`;
}
