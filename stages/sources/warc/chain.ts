/**
 * From a span to the segments it owns.
 *
 * Members follow one another without a gap: a *chain*. A span [start, end) owns [good(start), good(end)), where good(x)
 * is the first member at or after x that is whole, begins a record, and begins a chain (see `isGood`). So:
 *
 *     ├──── span 1 ────┼──── span 2 ────┼──── span 3 ────┤
 *     [m1][m2][m3][ m4    ][m5][ m 6 damaged ][m7][m8][m9]
 *      └──── span 1 ──────┘└──────── span 2 ─┘└─ span 3 ─┘     span 2 accounts for m6, span 3 skips to m7 in silence
 *
 * Whoever follows the chain into damage accounts for it, exactly once, and nothing depends on where the spans are cut.
 */
import type { SourceLog } from "../../../pipeline/source.ts";
import { type Container, HELD_PLAIN_BYTES, type Member, type Segment, type StreamEnd } from "./container.ts";
import { startsRecord } from "./record-start.ts";
import type { StoredWindow } from "./stored-window.ts";

const SEARCH_BYTES = 64 << 10;

/**
 * The segments that a span owns, in order; what is damaged among them goes to `log`. A segment that is lent is valid until
 * the next one is asked for, and no longer than the reading.
 */
export async function* readSegments(
  window: StoredWindow,
  container: Container,
  span: { readonly start: number; readonly end: number },
  log: SourceLog,
): AsyncGenerator<Segment> {
  try {
    let at = span.start;
    const opened = new Map<number, Member>();
    if (at > 0) {
      const first = await findMember(window, remembering(container, opened), at, span.end, isGood);
      if (first === undefined) return;
      at = first;
    }
    while (at < window.fileBytes) {
      if (at >= span.end && (await isGood(window, container, at))) return;
      const opening = opened.get(at) ?? container.open(window, at);
      const member = "then" in opening ? await opening : opening;
      opened.delete(at);
      if (member.kind === "void") {
        at = member.end;
      } else if (member.kind === "held") {
        if (member.text.length > 0) yield new HeldSegment(at, member.end - at, member.text, member.isLent);
        at = member.end;
      } else if (member.kind === "large") {
        const segment = new StreamedSegment(window, container, at);
        yield segment;
        const ending = await segment.finish();
        at = ending.kind === "whole" ? ending.end : await skipDamage(ending.at, ending.reason);
      } else {
        if (await isZeroToTheEnd(window, at)) return;
        const next = await skipDamage(at, member.reason);
        // Only now is it sure that the file was cut rather than damaged: no good member follows.
        if (member.isCut && next === window.fileBytes) {
          const segment = new StreamedSegment(window, container, at);
          yield segment;
          await segment.finish();
        }
        at = next;
      }
    }
  } finally {
    container.close?.();
  }

  async function skipDamage(from: number, reason: string): Promise<number> {
    const next = (await findMember(window, container, from + 1, window.fileBytes, isRecordMember)) ?? window.fileBytes;
    log.lost({ offset: from, bytes: next - from, reason });
    return next;
  }
}

/** Keeps what is opened to find a span's first member: it is what is read first. */
function remembering(container: Container, opened: Map<number, Member>): Container {
  let heldBytes = 0;
  return {
    ...container,
    async open(window, offset) {
      const member = await container.open(window, offset);
      if (member.kind !== "held") return member;
      heldBytes += member.text.length;
      if (heldBytes <= HELD_PLAIN_BYTES) opened.set(offset, owned(member));
      return member;
    },
  };
}

function owned(member: Member & { readonly kind: "held" }): Member {
  return member.isLent ? { ...member, text: Buffer.from(member.text), isLent: false } : member;
}

type Test = (window: StoredWindow, container: Container, offset: number) => Promise<boolean>;

/** The first place in [from, before) where the magic stands and `test` agrees. */
async function findMember(
  window: StoredWindow,
  container: Container,
  from: number,
  before: number,
  test: Test,
): Promise<number | undefined> {
  const overlap = container.magic.length - 1;
  for (let at = from; at < before; ) {
    const view = await window.view(at, SEARCH_BYTES);
    const found = view.indexOf(container.magic);
    if (found < 0) {
      if (at + view.length >= window.fileBytes) return undefined;
      at += view.length - overlap;
      continue;
    }
    at += found;
    if (at >= before) return undefined;
    if (await test(window, container, at)) return at;
    at++;
  }
  return undefined;
}

/** A whole member whose text begins a record. */
async function isRecordMember(window: StoredWindow, container: Container, offset: number): Promise<boolean> {
  return (await recordMemberEnd(window, container, offset)) !== undefined;
}

/**
 * A whole member that begins a record, and from which whole members follow for longer than an archive within an archive
 * could show them, or up to the end of the file.
 */
async function isGood(window: StoredWindow, container: Container, offset: number): Promise<boolean> {
  let at = await recordMemberEnd(window, container, offset);
  while (at !== undefined && at <= offset + container.maxVerbatimBytes) {
    if (await isZeroToTheEnd(window, at)) return true;
    at = await memberEnd(window, container, at);
  }
  return at !== undefined;
}

async function recordMemberEnd(
  window: StoredWindow,
  container: Container,
  offset: number,
): Promise<number | undefined> {
  return memberEnd(window, container, offset, startsRecord);
}

/** Where the member at `offset` ends; undefined if it is not whole, or its text is not as asked. */
async function memberEnd(
  window: StoredWindow,
  container: Container,
  offset: number,
  test: (text: Buffer) => boolean = () => true,
): Promise<number | undefined> {
  const member = await container.open(window, offset);
  if (member.kind === "bad") return undefined;
  if (member.kind === "void") return test(Buffer.alloc(0)) ? member.end : undefined;
  if (member.kind === "held") return test(member.text) ? member.end : undefined;
  const segment = new StreamedSegment(window, container, offset);
  const isRight = test((await segment.pull()) ?? Buffer.alloc(0));
  const ending = isRight ? await segment.finish() : await segment.abandon();
  return ending?.kind === "whole" ? ending.end : undefined;
}

/** Zero padding at the end of a file is noise that some writers leave; also true at the very end. */
async function isZeroToTheEnd(window: StoredWindow, offset: number): Promise<boolean> {
  for (let at = offset; at < window.fileBytes; ) {
    const view = await window.view(at, SEARCH_BYTES);
    if (view.some((byte) => byte !== 0)) return false;
    at += view.length;
  }
  return true;
}

class HeldSegment implements Segment {
  readonly offset: number;
  readonly storedBytes: number;
  readonly text: Buffer;
  readonly isLent: boolean;
  readonly isPlain = false;
  readonly maxPlainBytes: number;
  readonly ending = "whole";

  constructor(offset: number, storedBytes: number, text: Buffer, isLent: boolean) {
    this.offset = offset;
    this.storedBytes = storedBytes;
    // No limit to what a record may claim: it may go on in the next member.
    this.maxPlainBytes = Number.MAX_SAFE_INTEGER;
    this.text = text;
    this.isLent = isLent;
  }

  async pull(): Promise<undefined> {}
}

class StreamedSegment implements Segment {
  readonly offset: number;
  readonly text = undefined;
  readonly isLent = false;
  readonly isPlain = false;
  readonly maxPlainBytes: number;
  #pieces: AsyncGenerator<Buffer, StreamEnd>;
  #end: StreamEnd | undefined;

  constructor(window: StoredWindow, container: Container, offset: number) {
    this.offset = offset;
    this.maxPlainBytes = (window.fileBytes - offset) * container.maxExpansion;
    this.#pieces = container.stream(window, offset);
  }

  get storedBytes(): number {
    return this.#end?.kind === "whole" ? this.#end.end - this.offset : 0;
  }

  get ending(): "whole" | "cut" | "damaged" {
    if (this.#end === undefined || this.#end.kind === "whole") return "whole";
    return this.#end.isCut ? "cut" : "damaged";
  }

  async pull(): Promise<Buffer | undefined> {
    if (this.#end !== undefined) return undefined;
    const { done, value } = await this.#pieces.next();
    if (done !== true) return value;
    this.#end = value;
    return undefined;
  }

  /** Reads what is left without keeping it, and tells how the member ended. */
  async finish(): Promise<StreamEnd> {
    while ((await this.pull()) !== undefined);
    return this.#end!;
  }

  async abandon(): Promise<undefined> {
    await this.#pieces.return(undefined as never);
  }
}
