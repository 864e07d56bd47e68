/** What long work is given to tell how far it is, and to be ended by. */
export interface WorkHooks {
  /** Of `all` parts, how many are done. */
  readonly onProgress?: (done: number, all: number) => void;
  /** Ends the work between two parts, with its reason. */
  readonly signal?: AbortSignal | undefined;
}
