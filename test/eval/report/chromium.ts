/** Drives a headless Chromium over a pipe, with no package between: the DevTools protocol is JSON, ended by a zero byte. */
import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import type { Readable, Writable } from "node:stream";

/** The browser that `CHROMIUM` names, or Debian's `chromium` on the path. */
export function findChromium(): string | undefined {
  const named = process.env.CHROMIUM;
  const paths = (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, "chromium"));
  return [...(named === undefined ? [] : [named]), ...paths].find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: unknown;
}

type Listener = (method: string, params: unknown) => void;

export class Chromium {
  readonly #process;
  readonly #in: Writable;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #listeners: Listener[] = [];
  #session: string | undefined;
  #lastId = 0;

  constructor(path: string, profile: string) {
    const flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-pipe"];
    this.#process = spawn(path, [...flags, `--user-data-dir=${profile}`], {
      stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
    });
    this.#in = this.#process.stdio[3] as Writable;
    let rest = "";
    (this.#process.stdio[4] as Readable).setEncoding("utf8").on("data", (chunk: string) => {
      const messages = (rest + chunk).split("\0");
      rest = messages.pop()!;
      for (const message of messages) this.#receive(JSON.parse(message));
    });
  }

  /** Opens an empty page, to which later calls go. */
  async open(): Promise<void> {
    const { targetId } = await this.send<{ targetId: string }>("Target.createTarget", { url: "about:blank" });
    const attached = await this.send<{ sessionId: string }>("Target.attachToTarget", { targetId, flatten: true });
    this.#session = attached.sessionId;
  }

  onEvent(listener: Listener): void {
    this.#listeners.push(listener);
  }

  send<Result>(method: string, params: object = {}): Promise<Result> {
    const id = ++this.#lastId;
    const session = this.#session === undefined ? {} : { sessionId: this.#session };
    this.#in.write(`${JSON.stringify({ id, method, params, ...session })}\0`);
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(id, waiting);
    return waiting.promise as Promise<Result>;
  }

  /** What an expression comes to in the page. */
  async evaluate(expression: string): Promise<unknown> {
    const evaluated = await this.send<{ result: { value: unknown }; exceptionDetails?: unknown }>("Runtime.evaluate", {
      expression,
      returnByValue: true,
    });
    if (evaluated.exceptionDetails !== undefined) throw new Error(JSON.stringify(evaluated.exceptionDetails));
    return evaluated.result.value;
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#session = undefined;
    await this.send("Browser.close");
    await ended;
  }

  #receive({ id, method, params, result, error }: Message): void {
    if (method !== undefined) for (const listener of this.#listeners) listener(method, params);
    if (id === undefined) return;
    const waiting = this.#waiting.get(id);
    if (error === undefined) waiting?.resolve(result);
    else waiting?.reject(new Error(JSON.stringify(error)));
  }
}
