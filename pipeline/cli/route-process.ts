/** Ways of doing the same thing, each timed in a process of its own: what one leaves on its heap slows down no other. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { RecipeError } from "../errors.ts";
import { engineModule } from "../modules.ts";
import { median } from "./median.ts";

export class RouteProcess<Request extends object, Reply> {
  readonly #child: ChildProcess;
  readonly #advice: string;

  /** `module` is the engine's, told the route as its argument; `advice` says what to do where it ends before it has answered. */
  constructor(module: string, route: string, advice: string) {
    this.#child = fork(engineModule(module), [route]);
    this.#advice = advice;
  }

  async ask(request: Request): Promise<Reply> {
    const answered = new AbortController();
    const { signal } = answered;
    const ended = once(this.#child, "exit", { signal }).then(
      () => {
        throw new RecipeError(`a process of the benchmark ended before it answered; ${this.#advice}`);
      },
      // Nobody waits for it any more.
      () => new Promise<never>(() => {}),
    );
    try {
      this.#child.send(request);
      const [reply] = (await Promise.race([once(this.#child, "message", { signal }), ended])) as [Reply];
      return reply;
    } finally {
      answered.abort();
    }
  }

  stop(): void {
    this.#child.kill();
  }
}

/** Of ratios, round by round. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export function spread(values: readonly number[]): Spread {
  return { median: median(values), least: Math.min(...values), most: Math.max(...values) };
}

/** "2.33 (2.11 to 2.50)" */
export function shownSpread({ median, least, most }: Spread): string {
  return `${median.toFixed(2)} (${least.toFixed(2)} to ${most.toFixed(2)})`;
}
