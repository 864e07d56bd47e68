/** One route in a process of its own: what one leaves on its heap then slows down no other. Started by `bench-warc`. */
import { isRoute, read } from "./routes.ts";

/** Asks for a pass over all files. */
export interface PassRequest {
  readonly files: readonly string[];
  readonly isCompared: boolean;
}
export interface PassReply {
  /** User and system time. */
  readonly cpuSeconds: number;
  readonly records: number;
  readonly plainBytes: number;
  readonly digests: readonly number[];
  /** What went wrong, for people. */
  readonly failure?: string;
}

const route = process.argv[2]!;
process.on("message", async (request: PassRequest) => {
  process.send!(await pass(request).catch((error: Error) => failed(error)));
});

async function pass({ files, isCompared }: PassRequest): Promise<PassReply> {
  if (!isRoute(route)) throw new Error(`no route "${route}"`);
  let [otherSeconds, records, plainBytes] = [0, 0, 0];
  const digests: number[] = [];
  const before = process.cpuUsage();
  for (const file of files) {
    const reading = await read(route, file, isCompared);
    otherSeconds += reading.cpuSeconds ?? 0;
    records += reading.records ?? 0;
    plainBytes += reading.plainBytes ?? 0;
    if (reading.digest !== undefined) digests.push(reading.digest);
  }
  const { user, system } = process.cpuUsage(before);
  return { cpuSeconds: route === "gzip" ? otherSeconds : (user + system) / 1e6, records, plainBytes, digests };
}

function failed({ message }: Error): PassReply {
  return { cpuSeconds: 0, records: 0, plainBytes: 0, digests: [], failure: message };
}
