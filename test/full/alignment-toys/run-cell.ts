/** A process of its own for a task and a seed: `run-cell.ts FOLDER TASK SEED`. */
import { ARMS } from "./arms.ts";
import { runCell } from "./cell.ts";
import { TASKS } from "./tasks.ts";

const [folder, name, seed, ...arms] = process.argv.slice(2);
const task = TASKS.find((task) => task.name === name);
if (folder === undefined || task === undefined) throw new RangeError(`no task "${name}"`);
const asked = ARMS.filter(
  ({ name }) =>
    (name.startsWith("supervised") && name !== "supervised-longer") || arms.length === 0 || arms.includes(name),
);
await runCell(folder, task, Number(seed), asked);
