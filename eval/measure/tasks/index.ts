/** Task suites by log-likelihood, as lm-evaluation-harness (4e7e0d4) defines them. */
export { formats } from "./formats/index.ts";
export { type ReadTaskOptions, readTask } from "./read-task.ts";
export { scoreTask } from "./score-task.ts";
export type { MetricName, TaskScores } from "./scores.ts";
export type { Question, Task, TaskItem } from "./task.ts";
