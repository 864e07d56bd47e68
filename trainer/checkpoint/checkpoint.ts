/**
 * A checkpoint: everything that training goes on from, in a folder that is there whole or not at all.
 *
 *     run/step-00001234/model.safetensors      the parameters, by name
 *                       optimizer.safetensors  their moments: first.NAME and second.NAME
 *                       state.json             where the training stood, and the digests of both
 *     run/.step-00001240.tmp/                  half-written, or on its way out: the next save removes it
 *
 * A checkpoint is written and synced under its temporary name and then renamed, so a process that is killed, a power
 * cut or a full disk leaves the earlier ones as they were. One process at a time writes below a root.
 */
import { createHash } from "node:crypto";
import { type Dirent, existsSync } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { digestOf } from "../../pipeline/canonical.ts";
import { EXIT, exitCode, FormatError, RecipeError, RetryError } from "../../pipeline/errors.ts";
import { failpoint } from "../../pipeline/failpoints.ts";
import { type FileDigest, hashFile, syncDirectory } from "../../pipeline/io/durable.ts";
import { engineVersion } from "../../pipeline/modules.ts";
import { describeIssue } from "../../pipeline/schema-error.ts";
import { z } from "../../pipeline/stage.ts";
import { type Shape, ShapeError, sameShape, showShape } from "../ir/tensor.ts";
import { encodeSafetensors, readSafetensors, writeSafetensors } from "./safetensors.ts";

/** The files of a checkpoint. */
export const MODEL = "model.safetensors";
const OPTIMIZER = "optimizer.safetensors";
export const STATE = "state.json";

const CHECKPOINT_FORMAT = 1;

const FIRST = "first.";
const SECOND = "second.";

/** Tensors in single precision, by name. */
export type FloatTensors = ReadonlyMap<string, { readonly shape: Shape; readonly values: Float32Array }>;

/** What the optimizer remembers of the gradients. A parameter may lack either: not every rule keeps both. */
export interface Moments {
  readonly first: FloatTensors;
  readonly second: FloatTensors;
}

const HEX = z.string().regex(/^[0-9a-f]{64}$/, "64 hex digits");
const COUNT = z.int().min(0);
/** What JSON gives back as it was: no NaN, no typed array, no field that is undefined. */
const PLAIN = z.unknown().refine((value) => z.json().safeParse(value).success, "plain data");
const FILE = z.strictObject({ bytes: COUNT, sha256: HEX });

const progress = {
  /** Updates made. */
  step: COUNT,
  /** Rows of the data order that are used up: the loader goes on behind them. */
  rowsTaken: COUNT,
  tokensSeen: COUNT,
  /** State of the random numbers, whatever the trainer draws them with. */
  random: PLAIN,
  /** The end of the loss curve, so that a resumed one can be compared with it. */
  losses: z.array(z.strictObject({ step: COUNT, lossNats: z.number() })),
  /** The whole configuration that the run was started with. */
  config: PLAIN,
  /** Ids of the manifests that the shards were written by. */
  shards: z.array(z.string()),
  tokenizer: z.strictObject({ name: z.string(), digest: HEX }),
  /** How it went on this machine (seconds, tokens a second): never part of the digest. */
  measured: z.record(z.string(), PLAIN),
};
/** Drops other fields: a checkpoint that was loaded can be saved again. */
const ProgressSchema = z.object(progress);

/** `state.json`. */
const CheckpointStateSchema = z.strictObject({
  format: z.literal(CHECKPOINT_FORMAT),
  /** Version of the code that wrote it. */
  sluice: z.string(),
  ...progress,
  configHash: HEX,
  files: z.strictObject({ [MODEL]: FILE, [OPTIMIZER]: FILE }),
  /** See `checkpointDigest`. */
  digest: HEX,
  /** SHA-256 of the canonical JSON of all other fields. */
  seal: HEX,
});
type CheckpointState = z.infer<typeof CheckpointStateSchema>;

/** What the trainer hands over to be kept. */
export interface Checkpoint extends Readonly<z.infer<typeof ProgressSchema>> {
  readonly parameters: FloatTensors;
  readonly moments: Moments;
}

/** A checkpoint as it was saved, and who wrote it. */
export interface LoadedCheckpoint extends Checkpoint {
  readonly folder: string;
  readonly sluice: string;
  readonly configHash: string;
  readonly digest: string;
}

/** What equal trainings have equal: SHA-256 over parameters, moments, step and rows taken, no time and no host. */
export function checkpointDigest(
  checkpoint: Pick<Checkpoint, "parameters" | "moments" | "step" | "rowsTaken">,
): string {
  return digestFrom(checkpoint, {
    [MODEL]: hashTensors(checkpoint.parameters),
    [OPTIMIZER]: hashTensors(namedMoments(checkpoint)),
  });
}

/** The files hold tensors and nothing else, so what they hash to can stand for those. */
function digestFrom(
  { step, rowsTaken }: Pick<Checkpoint, "step" | "rowsTaken">,
  files: Readonly<Record<typeof MODEL | typeof OPTIMIZER, string>>,
): string {
  return digestOf({ step, rowsTaken, parameters: files[MODEL], moments: files[OPTIMIZER] });
}

function hashTensors(tensors: FloatTensors): string {
  const hash = createHash("sha256");
  for (const chunk of encodeSafetensors(tensors)) hash.update(chunk);
  return hash.digest("hex");
}

/**
 * Writes a checkpoint below `root` and returns its folder. One of the same step is replaced. The values must not change
 * before the promise is settled.
 * @example
 * const folder = await saveCheckpoint("run/checkpoints", checkpoint); // run/checkpoints/step-00001234
 * await pruneCheckpoints("run/checkpoints", 3);
 */
export async function saveCheckpoint(root: string, checkpoint: Checkpoint): Promise<string> {
  const { parameters } = checkpoint;
  const optimizer = namedMoments(checkpoint);
  const parsed = ProgressSchema.safeParse(checkpoint, { reportInput: true });
  if (!parsed.success) {
    throw new RecipeError(`${root}: cannot save: ${describeIssue(parsed.error.issues[0]!, "checkpoint")}`);
  }
  const given = parsed.data;

  await makeDurably(root);
  await removeTemporary(root);
  const folder = folderOf(root, given.step);
  const temporary = temporaryOf(folder);
  try {
    await mkdir(temporary);
    const write = <T>(file: string, writeTo: (path: string) => Promise<T>): Promise<T> =>
      writeTo(join(temporary, file)).catch((error: unknown) => {
        throw named(join(folder, file), error);
      });
    const files = {
      [MODEL]: await write(MODEL, (path) => writeSafetensors(path, parameters)),
      [OPTIMIZER]: await write(OPTIMIZER, (path) => writeSafetensors(path, optimizer)),
    };
    const state = stateOf(given, files);
    await write(STATE, (path) => writeSynced(path, `${JSON.stringify(state, null, 2)}\n`));
    await syncDirectory(temporary);
    failpoint("rename");
    if (existsSync(folder)) {
      // Training again from an earlier one comes past this step a second time. A folder that is not empty cannot be
      // replaced in one step: a kill between the two renames costs this step, and no other.
      const replaced = temporaryOf(`${folder}.old`);
      await rename(folder, replaced);
      failpoint("rename");
      await rename(temporary, folder);
      await rm(replaced, { recursive: true, force: true });
    } else await rename(temporary, folder);
    failpoint("rename");
  } catch (error) {
    // The room is given back at once, and what went wrong first is what is told.
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
    throw error;
  }
  await syncDirectory(root);
  return folder;
}

function stateOf(
  given: z.infer<typeof ProgressSchema>,
  files: Readonly<Record<typeof MODEL | typeof OPTIMIZER, FileDigest>>,
): CheckpointState {
  const { measured, ...progress } = given;
  const state = {
    format: CHECKPOINT_FORMAT,
    sluice: engineVersion,
    ...progress,
    configHash: digestOf(given.config),
    files,
    digest: digestFrom(given, { [MODEL]: files[MODEL].sha256, [OPTIMIZER]: files[OPTIMIZER].sha256 }),
    measured,
  } as const;
  return { ...state, seal: digestOf(state) };
}

/** Folders of the checkpoints below `root`, the oldest first, whole or not. */
export async function listCheckpoints(root: string): Promise<string[]> {
  return (await entriesOf(root))
    .filter((entry) => entry.isDirectory() && stepOf(entry.name) !== undefined)
    .sort((a, b) => stepOf(a.name)! - stepOf(b.name)!)
    .map((entry) => join(root, entry.name));
}

/** The newest checkpoint whose every byte is as it was written; nothing if there is none. */
export async function latestCheckpoint(root: string): Promise<string | undefined> {
  return newestWhole(await listCheckpoints(root));
}

async function newestWhole(oldestFirst: readonly string[]): Promise<string | undefined> {
  for (const folder of oldestFirst.toReversed()) {
    if (await isWhole(folder, expectDigest)) return folder;
  }
  return undefined;
}

/** Reads a checkpoint back. Raises FormatError, which tells what to resume from instead, if a byte has changed. */
export async function loadCheckpoint(folder: string): Promise<LoadedCheckpoint> {
  const state = await verified(folder, [MODEL, OPTIMIZER]);
  const parameters = await readParameters(join(folder, MODEL));
  const moments = { first: new Map(), second: new Map() };
  for (const [name, tensor] of await readParameters(join(folder, OPTIMIZER))) {
    if (name.startsWith(FIRST)) moments.first.set(name.slice(FIRST.length), tensor);
    else if (name.startsWith(SECOND)) moments.second.set(name.slice(SECOND.length), tensor);
    else {
      throw new FormatError(
        `${join(folder, OPTIMIZER)}: found ${JSON.stringify(name)}, expected names that begin with "${FIRST}" or "${SECOND}"; save the checkpoint again`,
      );
    }
  }
  const { format: _format, files: _files, seal: _seal, ...rest } = state;
  return { ...rest, folder, parameters, moments };
}

/**
 * Removes all but the newest `keep` checkpoints. Ones that are not whole do not count, so a whole one is left wherever
 * there was one.
 */
export async function pruneCheckpoints(root: string, keep: number): Promise<void> {
  if (!Number.isInteger(keep) || keep < 1) throw new RecipeError(`keep: expected a whole number from 1, found ${keep}`);
  let kept = 0;
  for (const folder of (await listCheckpoints(root)).toReversed()) {
    if (kept < keep) {
      // By size alone: this is asked after every save.
      if (await isWhole(folder, expectSize)) kept++;
      continue;
    }
    // Under a temporary name first: a kill in between leaves nothing that looks like a checkpoint.
    await rename(folder, temporaryOf(folder));
    failpoint("rename");
    await rm(temporaryOf(folder), { recursive: true, force: true });
  }
  await syncDirectory(root);
}

/** The parameters of a checkpoint alone. Raises FormatError as `loadCheckpoint` does. */
export async function loadParameters(
  folder: string,
): Promise<{ readonly configHash: string; readonly parameters: FloatTensors }> {
  const { configHash } = await verified(folder, [MODEL]);
  return { configHash, parameters: await readParameters(join(folder, MODEL)) };
}

type TensorFile = typeof MODEL | typeof OPTIMIZER;
type Expectation = (path: string, written: FileDigest) => Promise<void>;

/** The state of a checkpoint whose given files are as they were written. */
async function verified(folder: string, files: readonly TensorFile[]): Promise<CheckpointState> {
  try {
    return await expectWhole(folder, files, expectDigest);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new FormatError(`${error.message}; ${await remedyFor(folder)}`);
  }
}

async function remedyFor(folder: string): Promise<string> {
  const step = stepOf(basename(resolve(folder)));
  const root = dirname(folder);
  const older =
    step === undefined ? [] : (await listCheckpoints(root)).filter((beside) => stepOf(basename(beside))! < step);
  const whole = await newestWhole(older);
  return whole === undefined
    ? "no older whole checkpoint lies beside it: copy it again, or train from the start"
    : `resume from ${whole}`;
}

async function isWhole(folder: string, expectation: Expectation): Promise<boolean> {
  try {
    await expectWhole(folder, [MODEL, OPTIMIZER], expectation);
    return true;
  } catch (error) {
    if (error instanceof FormatError) return false;
    throw error;
  }
}

async function expectWhole(
  folder: string,
  files: readonly TensorFile[],
  expectation: Expectation,
): Promise<CheckpointState> {
  const state = await readState(join(folder, STATE));
  for (const file of files) await missingIsDamage(join(folder, file), (path) => expectation(path, state.files[file]));
  return state;
}

async function expectSize(path: string, { bytes }: FileDigest): Promise<void> {
  const { size } = await stat(path);
  if (size === bytes) return;
  throw new FormatError(`${path}: ${size < bytes ? "cut short" : "too long"}: found ${size} bytes, expected ${bytes}`);
}

async function expectDigest(path: string, written: FileDigest): Promise<void> {
  await expectSize(path, written);
  const { sha256 } = await hashFile(path);
  if (sha256 === written.sha256) return;
  throw new FormatError(
    `${path}: changed since it was written: found SHA-256 ${sha256.slice(0, 12)}…, expected ${written.sha256.slice(0, 12)}…`,
  );
}

async function readState(path: string): Promise<CheckpointState> {
  const text = await missingIsDamage(path, (there) => readFile(there, "utf8"));
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch (error) {
    throw new FormatError(`${path}: cut short or changed: not JSON (${(error as Error).message})`);
  }
  const { format } = (found ?? {}) as { format?: unknown };
  if (typeof format === "number" && format !== CHECKPOINT_FORMAT) {
    throw new FormatError(`${path}: found checkpoint format ${format}, this release reads ${CHECKPOINT_FORMAT}`);
  }
  const parsed = CheckpointStateSchema.safeParse(found, { reportInput: true });
  if (!parsed.success) throw new FormatError(describeIssue(parsed.error.issues[0]!, `${path}: state`));
  const { seal, ...rest } = parsed.data;
  const expected = digestOf(rest);
  if (seal !== expected) {
    throw new FormatError(
      `${path}: changed since it was written: found the seal ${seal.slice(0, 12)}…, expected ${expected.slice(0, 12)}…`,
    );
  }
  return parsed.data;
}

/** A file that is not there is damage to its checkpoint like any other. */
async function missingIsDamage<T>(path: string, read: (path: string) => Promise<T>): Promise<T> {
  try {
    return await read(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "ENOTDIR") throw error;
    throw new FormatError(`${path}: found no such file, expected a checkpoint of ${MODEL}, ${OPTIMIZER} and ${STATE}`);
  }
}

async function readParameters(path: string): Promise<Map<string, { shape: Shape; values: Float32Array }>> {
  const parameters = new Map<string, { shape: Shape; values: Float32Array }>();
  for (const [name, { shape, values }] of (await readSafetensors(path)).tensors) {
    if (!(values instanceof Float32Array)) {
      throw new FormatError(
        `${path}: tensor ${JSON.stringify(name)}: found ${values.constructor.name}, expected F32; save the checkpoint again`,
      );
    }
    parameters.set(name, { shape, values });
  }
  return parameters;
}

function namedMoments({ parameters, moments }: Pick<Checkpoint, "parameters" | "moments">): FloatTensors {
  const named = new Map<string, { shape: Shape; values: Float32Array }>();
  for (const [prefix, of] of [
    [FIRST, moments.first],
    [SECOND, moments.second],
  ] as const) {
    for (const [name, moment] of of) {
      const shape = parameters.get(name)?.shape;
      if (shape === undefined || !sameShape(shape, moment.shape)) {
        const found = shape === undefined ? "is not there" : `has ${showShape(shape)}`;
        throw new ShapeError(`moment ${prefix}${name}: has ${showShape(moment.shape)}, its parameter ${found}`);
      }
      named.set(`${prefix}${name}`, moment);
    }
  }
  return named;
}

function folderOf(root: string, step: number): string {
  return join(root, `step-${String(step).padStart(8, "0")}`);
}

function stepOf(name: string): number | undefined {
  const digits = /^step-(\d{8,})$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function temporaryOf(folder: string): string {
  return join(dirname(folder), `.${basename(folder)}.tmp`);
}

async function removeTemporary(root: string): Promise<void> {
  for (const { name } of await entriesOf(root)) {
    if (/^\.step-\d+(\.old)?\.tmp$/.test(name)) await rm(join(root, name), { recursive: true, force: true });
  }
}

/** A root that is not there holds nothing yet. */
async function entriesOf(root: string): Promise<Dirent[]> {
  try {
    return await readdir(root, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** Makes a folder, and each above it that is missing, so that a power cut does not take them along with what is in them. */
async function makeDurably(root: string): Promise<void> {
  const made = await mkdir(root, { recursive: true });
  if (made === undefined) return;
  for (let folder = resolve(root); folder !== dirname(made); folder = dirname(folder)) {
    await syncDirectory(dirname(folder));
  }
}

async function writeSynced(path: string, text: string): Promise<void> {
  const handle = await open(path, "w");
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The error of a write with the file in it: the system's own does not name it. One that may pass stays worth retrying. */
function named(path: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined) return error;
  const told = `${path}: cannot be written (${message}); the earlier checkpoints are as they were`;
  return exitCode(error) === EXIT.retry
    ? new RetryError(`${told}: make room and resume`, { cause: error })
    : new Error(told, { cause: error });
}
