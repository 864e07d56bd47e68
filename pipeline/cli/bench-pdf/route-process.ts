/** One route in a process of its own, so that one's heap and compiled code are not the other's. Started by `bench-pdf`. */
import { readFileSync } from "node:fs";
import { openRoute, type Route } from "./routes.ts";

/** Asks for a pass over these files. */
export interface PassRequest {
  readonly files: readonly string[];
}
export interface PassReply {
  /** User and system time of all threads. */
  readonly cpuSeconds: number;
  readonly seconds: number;
  /** Pages of each file; nothing where it gave no text. */
  readonly pages: readonly (number | null)[];
}

const read = await openRoute(process.argv[2] as Route);

process.on("message", async ({ files }: PassRequest) => {
  const pages: (number | null)[] = [];
  const started = performance.now();
  const before = process.cpuUsage();
  for (const file of files) pages.push((await read(readFileSync(file))) ?? null);
  const { user, system } = process.cpuUsage(before);
  const seconds = (performance.now() - started) / 1000;
  process.send!({ cpuSeconds: (user + system) / 1e6, seconds, pages } satisfies PassReply);
});
