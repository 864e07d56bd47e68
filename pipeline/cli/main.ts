/** The command line: joins the commands, turns errors into one line and an exit code. */
import { Command, CommanderError } from "commander";
import { EXIT, exitCode, oneLine } from "../errors.ts";
import { engineVersion, installResolveHook } from "../modules.ts";
import { accountCommand } from "./account.ts";
import { alignCommand } from "./align.ts";
import { benchCommand } from "./bench.ts";
import { classifierCommand } from "./classifier.ts";
import { compareCommand } from "./compare.ts";
import { conformanceCommand } from "./conformance.ts";
import { contaminationCommand } from "./contamination.ts";
import { dedupCommand } from "./dedup.ts";
import { demoCommand } from "./demo.ts";
import { evalCommand } from "./eval.ts";
import { exportCommand } from "./export.ts";
import { extractCommand } from "./extract.ts";
import { filterCommand } from "./filter.ts";
import { generateCommand } from "./generate.ts";
import { inspectCommand } from "./inspect.ts";
import { packCommand } from "./pack.ts";
import { planCommand } from "./plan.ts";
import { runCommand } from "./run.ts";
import { scaleCommand } from "./scale.ts";
import { tokenizerCommand } from "./tokenizer.ts";
import { trainCommand } from "./train.ts";
import { whatIfCommand } from "./what-if.ts";
import { writeWhole } from "./whole-writes.ts";
import { whyCommand } from "./why.ts";

installResolveHook();
writeWhole(process.stdout);

const MAX_MESSAGE_CHARS = 2000;
const SIGPIPE_EXIT = 141;

// A closed pipe (`sluice … | head`) ends the program quietly, as SIGPIPE would; what cannot be printed is no crash.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(SIGPIPE_EXIT);
    if (stream === process.stdout) console.error(`sluice: standard output: cannot be written (${error.message})`);
    process.exit(exitCode(error));
  });
}

const program = new Command("sluice")
  .description("Streams web crawls into token shards, and tells which curation choice makes the better model.")
  .version(engineVersion)
  .showHelpAfterError("(sluice --help shows every command)")
  .addHelpText(
    "after",
    `
Exit codes: ${EXIT.done} done; ${EXIT.failed} failed, as by damaged input; ${EXIT.usage} what was asked for cannot be run; ${EXIT.retry} ended in good order by Ctrl-C, or
by a full disk or a network that is away: the same command may work later, and goes on where it can.`,
  )
  .exitOverride();

for (const command of [
  runCommand(),
  planCommand(),
  demoCommand(),
  inspectCommand(),
  extractCommand(),
  filterCommand(),
  dedupCommand(),
  tokenizerCommand(),
  classifierCommand(),
  trainCommand(),
  generateCommand(),
  alignCommand(),
  evalCommand(),
  compareCommand(),
  whyCommand(),
  whatIfCommand(),
  contaminationCommand(),
  accountCommand(),
  exportCommand(),
  packCommand(),
  benchCommand(),
  conformanceCommand(),
  scaleCommand(),
]) {
  program.addCommand(command.exitOverride());
}

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
  else {
    const json = process.argv.includes("--json");
    const code = exitCode(error);
    if (json) console.log(JSON.stringify({ type: "error", message: messageOf(error), exitCode: code }));
    console.error(`sluice: ${messageOf(error)}`);
    if (process.env.SLUICE_DEBUG) console.error(error);
    process.exitCode = code;
  }
}

/** One line, whatever was thrown; the class is worth telling only where it is not ours. */
function messageOf(thrown: unknown): string {
  const ours = thrown instanceof Error && /^(Recipe|Format|Retry|Stage|Diverged)?Error$/.test(thrown.name);
  return ours ? oneLine(thrown.message, MAX_MESSAGE_CHARS) : oneLine(thrown);
}
