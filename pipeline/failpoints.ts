/**
 * Failpoints: places where a test can end the process as `kill -9` would, at the n-th passage. Set
 * SLUICE_FAILPOINT=name@n. Without it a failpoint costs a comparison.
 */
export type Failpoint =
  | "read"
  | "commit-span"
  | "deduplicate"
  | "passages"
  | "encode"
  | "write"
  | "rename"
  | "manifest"
  | "draw"
  | "judge"
  | "update"
  | "artifact";

const [wanted, nth] = (process.env.SLUICE_FAILPOINT ?? "").split("@");
let passages = 0;

/** Kills this process and the supervisor above it, if the environment asks for this passage. */
export function failpoint(name: Failpoint): void {
  if (wanted !== name || ++passages < Number(nth ?? 1)) return;
  // Under a supervisor, that dies first: it would start the engine again.
  if (process.env.SLUICE_SUPERVISED === "1") process.kill(process.ppid, "SIGKILL");
  process.kill(process.pid, "SIGKILL");
}
