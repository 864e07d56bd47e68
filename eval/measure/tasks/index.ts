/** Task suites by log-likelihood, as lm-evaluation-harness (4e7e0d4) defines them. */
export { formats } from "./formats/index.ts";
export { type ReadTaskOptions, readTask } from "./read-task.ts";
export { type ScoreTaskOptions, scoreTask } from "./score-task.ts";
export type { GroupScores, ItemScore, MetricName, MetricValue, OptionScores, TaskScores } from "./scores.ts";
export type { Question, Task, TaskItem } from "./task.ts";
