/**
 * How the stored file is cut up. A *member* is what a container can be entered at: a gzip member or a zstd frame. A
 * *segment* is a run of plain text that reaches the record reader: a member's text, or the whole of a plain file.
 */
import type { StoredWindow } from "./stored-window.ts";

/** A member up to these sizes is inflated in one call and held; a larger one is streamed. */
export const HELD_STORED_BYTES = 8 << 20;
export const HELD_PLAIN_BYTES = 16 << 20;
/** Asked of the window for each member: most members are smaller, so that most calls find what they need. */
export const MEMBER_VIEW_BYTES = 64 << 10;

/** What lies at an offset. */
export type Member =
  /** `isLent`: the text is valid until the container opens another member, or is closed. */
  | { readonly kind: "held"; readonly end: number; readonly text: Buffer; readonly isLent: boolean }
  /** Too large to hold: `Container.stream` reads it, and only then is it known to be whole. */
  | { readonly kind: "large" }
  /** Legal, and no text (zstd's skippable frames). */
  | { readonly kind: "void"; readonly end: number }
  /** `isCut`: every byte was right up to the end of the file. */
  | { readonly kind: "bad"; readonly reason: string; readonly isCut: boolean };

/** How a streamed member ended. `at` is where in the stored file the step that failed began. */
export type StreamEnd =
  | { readonly kind: "whole"; readonly end: number }
  | { readonly kind: "bad"; readonly at: number; readonly reason: string; readonly isCut: boolean };

export interface Container {
  /** "gzip member", "zstd frame": for messages. */
  readonly memberName: string;
  /** The bytes every member with text begins with. */
  readonly magic: Buffer;
  /** Plain bytes that one stored byte can become at most. */
  readonly maxExpansion: number;
  /**
   * The longest run of bytes that a member can carry uncompressed in one piece. An archive inside an archive shows whole
   * members of its own in such a run, so only a longer chain of members proves that they are the outer file's.
   */
  readonly maxVerbatimBytes: number;
  /** Waits only where bytes must be read first: a promise for each member would be felt. */
  open(window: StoredWindow, offset: number): Member | Promise<Member>;
  stream(window: StoredWindow, offset: number): AsyncGenerator<Buffer, StreamEnd>;
  /** Ends the last loan. */
  close?(): void;
}

/** Plain text on its way to the record reader. */
export interface Segment {
  /** Where it begins in the stored file. */
  readonly offset: number;
  /** Stored bytes; 0 while the end of a streamed member is unknown. */
  readonly storedBytes: number;
  /** The whole text, where it is held; `pull` then gives nothing. */
  readonly text: Buffer | undefined;
  /** The text is valid until the next segment is asked for; else it can be kept. */
  readonly isLent: boolean;
  /** Stored bytes are plain bytes: records have places of their own in the file. */
  readonly isPlain: boolean;
  /** Plain bytes that it can hold at most: a record that claims more lies. */
  readonly maxPlainBytes: number;
  /** More text, or undefined at its end. */
  pull(): Promise<Buffer | undefined>;
  /** Once `pull` gave undefined: whether a record that lacks its end may be kept (cut) or not (damaged). */
  readonly ending: "whole" | "cut" | "damaged";
}
