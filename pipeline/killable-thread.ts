/**
 * A thread for work that may never end. Code that loops without awaiting cannot be interrupted from its own thread: no
 * timer fires there. So the work runs in a thread of its own, one request at a time, and whoever asks ends that thread
 * when the answer is late; the next request starts a new one.
 *
 * The module run as the thread posts `THREAD_READY` once it has loaded, then answers each message with one message. What
 * all requests have in common it finds as Node's `workerData`.
 * An idle thread does not keep the process alive. A thread ends with the thread that started it, even in mid-loop.
 */
import { Worker } from "node:worker_threads";

export const THREAD_READY = "ready";

export interface ThreadLimits {
  readonly deadlineMs: number;
  /** Heap and buffers of the thread. */
  readonly maxMemoryMb: number;
  /** After so many requests a thread is replaced: what libraries never give back does not add up. */
  readonly maxRequests: number;
}

export type Outcome<Reply> =
  | { readonly kind: "reply"; readonly reply: Reply }
  | { readonly kind: "timeout" }
  | { readonly kind: "out-of-memory" }
  | { readonly kind: "crash"; readonly error: Error };

/**
 * V8's own heap limit is a poor guard: when a thread allocates 16 MB past it within one call, not the thread but the
 * whole process is aborted. So the owner looks at the thread's memory this often and ends it at the limit; V8's limit
 * is set so much higher that nothing gets there between two looks.
 */
const MEMORY_CHECK_MS = 25;
const HEAP_LIMIT_FACTOR = 4;
const MIN_HEAP_LIMIT_MB = 2048;

/** Loading the module takes well under a second; on a machine so busy that it takes longer than this, ask again. */
const START_DEADLINE_MS = 60_000;

export class KillableThread<Request, Reply> {
  private readonly module: URL;
  private readonly limits: ThreadLimits;
  private readonly data: unknown;
  private worker: Worker | undefined;
  /** Requests answered by this thread. */
  private answered = 0;
  /** The end of the queue: requests wait for the one before. */
  private last: Promise<unknown> = Promise.resolve();

  constructor(module: URL, limits: ThreadLimits, data?: unknown) {
    this.module = module;
    this.limits = limits;
    this.data = data;
  }

  /**
   * Sends a request and waits for what becomes of it. `transfer` lists buffers to hand over instead of copying. Throws
   * only if no thread can be started.
   */
  ask(request: Request, transfer: readonly ArrayBuffer[] = []): Promise<Outcome<Reply>> {
    const answer = this.last.then(() => this.askNow(request, transfer));
    this.last = answer.catch(() => undefined);
    return answer;
  }

  /** Ends the thread; a later request starts another. */
  async stop(): Promise<void> {
    const worker = this.worker;
    this.worker = undefined;
    this.answered = 0;
    await worker?.terminate();
  }

  private async askNow(request: Request, transfer: readonly ArrayBuffer[]): Promise<Outcome<Reply>> {
    this.worker ??= await this.start();
    this.worker.ref();
    this.worker.postMessage(request, [...transfer]);
    const outcome = await nextOutcome<Reply>(this.worker, this.limits);
    this.answered++;
    if (outcome.kind === "reply" && this.answered < this.limits.maxRequests) this.worker.unref();
    else await this.stop();
    return outcome;
  }

  private async start(): Promise<Worker> {
    const worker = new Worker(this.module, {
      workerData: this.data,
      resourceLimits: {
        maxOldGenerationSizeMb: Math.max(MIN_HEAP_LIMIT_MB, this.limits.maxMemoryMb * HEAP_LIMIT_FACTOR),
      },
      // The flags of our own process may not suit a thread (`--input-type`, `--test`).
      execArgv: [],
      // A library's chatter is not our output.
      stdout: true,
      stderr: true,
    });
    const first = await nextOutcome<unknown>(worker, { ...this.limits, deadlineMs: START_DEADLINE_MS });
    if (first.kind === "reply" && first.reply === THREAD_READY) {
      // An idle thread that dies must not take the process with it; the next request will find out.
      worker.on("error", () => this.forget(worker));
      worker.on("exit", () => this.forget(worker));
      return worker;
    }
    await worker.terminate();
    const found = first.kind === "crash" ? first.error.message : first.kind;
    throw new Error(`${this.module.pathname}: the thread did not start (${found})`, {
      cause: first.kind === "crash" ? first.error : undefined,
    });
  }

  private forget(worker: Worker): void {
    if (this.worker === worker) this.worker = undefined;
  }
}

/** Whichever comes first: a message, the thread's end, the deadline, or the memory limit. */
function nextOutcome<Reply>(worker: Worker, { deadlineMs, maxMemoryMb }: ThreadLimits): Promise<Outcome<Reply>> {
  return new Promise((resolve) => {
    const settle = (outcome: Outcome<Reply>) => {
      clearTimeout(deadline);
      clearInterval(memoryCheck);
      worker.off("message", onMessage);
      worker.off("error", onError);
      worker.off("exit", onExit);
      resolve(outcome);
    };
    const onMessage = (reply: Reply) => settle({ kind: "reply", reply });
    const onError = (error: Error & { readonly code?: string }) =>
      settle(error.code === "ERR_WORKER_OUT_OF_MEMORY" ? { kind: "out-of-memory" } : { kind: "crash", error });
    const onExit = (code: number) => settle({ kind: "crash", error: new Error(`exited with code ${code}`) });
    const deadline = setTimeout(() => settle({ kind: "timeout" }), deadlineMs);
    const memoryCheck = setInterval(async () => {
      const usedMb = await memoryOfMb(worker);
      if (usedMb > maxMemoryMb) settle({ kind: "out-of-memory" });
    }, MEMORY_CHECK_MS);
    worker.on("message", onMessage);
    worker.on("error", onError);
    worker.on("exit", onExit);
  });
}

/** What the thread holds now; 0 if it has ended. Answered also by a thread in a loop. */
async function memoryOfMb(worker: Worker): Promise<number> {
  try {
    const { used_heap_size, external_memory } = await worker.getHeapStatistics();
    return (used_heap_size + external_memory) / 2 ** 20;
  } catch {
    return 0;
  }
}
