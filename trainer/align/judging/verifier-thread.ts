/** Runs verifiers that may hang. Who asks, and ends it when it is late: `verifier-pool.ts`. */
import { parentPort, workerData } from "node:worker_threads";
import { THREAD_READY } from "../../../pipeline/killable-thread.ts";
import type { Asked, VerifierSpec } from "../verifiers/verifier.ts";
import { loadVerifier } from "./load-verifier.ts";
import { verifyOne } from "./verify-one.ts";

export interface VerifyRequest {
  /** Its number among the specs that the thread began with. */
  readonly verifier: number;
  readonly response: string;
  readonly asked: Asked;
}

const specs = workerData as readonly VerifierSpec[];
const definitions = await Promise.all(specs.map(({ module, name }) => loadVerifier(module, name)));

parentPort!.on("message", ({ verifier, response, asked }: VerifyRequest) => {
  parentPort!.postMessage(verifyOne(definitions[verifier]!, specs[verifier]!.params, response, asked));
});
parentPort!.postMessage(THREAD_READY);
