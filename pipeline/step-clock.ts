/** Where the workers' time goes, step by step. */
import { labelOf, type StageSpec } from "./stage.ts";

/** The steps that a worker's time is divided between: the source, the stages, the sink, and the engine's own work. */
export function timedSteps(setup: {
  readonly source: StageSpec;
  readonly stages: readonly StageSpec[];
  readonly sink: StageSpec;
}): string[] {
  return [setup.source.name, ...setup.stages.map(labelOf), setup.sink.name, "engine"];
}

/** Seconds by the name of the step; a stage that a recipe uses twice has one entry. */
export function secondsByStep(steps: readonly string[], seconds: readonly number[]): Record<string, number> {
  const byName: Record<string, number> = {};
  for (const [i, name] of steps.entries()) byName[name] = (byName[name] ?? 0) + (seconds[i] ?? 0);
  for (const name of Object.keys(byName)) byName[name] = Math.round(1000 * byName[name]!) / 1000;
  return byName;
}

/** Adds up wall time by step: at any moment exactly one step's clock runs. */
export class StepClock {
  readonly seconds: number[];
  #step: number;
  #since = performance.now();

  constructor(steps: number) {
    this.seconds = new Array(steps).fill(0);
    this.#step = steps - 1;
  }

  source(): void {
    this.#start(0);
  }
  /** A stage by its index in the recipe; the sink comes behind the last. */
  stage(index: number): void {
    this.#start(index + 1);
  }
  engine(): void {
    this.#start(this.seconds.length - 1);
  }

  #start(step: number): void {
    const now = performance.now();
    this.seconds[this.#step]! += (now - this.#since) / 1000;
    this.#step = step;
    this.#since = now;
  }
}
