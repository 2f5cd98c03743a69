/**
 * How processes and the owner of the store speak: batches of messages, each batch one frame, or several where it is large.
 *
 *   request   operation number …            load id · head id · commit sync changes · wakes from until after? · ids kind after?
 *                                           forget id version · backup path
 *                                           epoch partitions · serve partitions? · enter writer epoch · revoke writer
 *   answer    outcome number …              done · record · head · wakes · ids · epoch · failed code message cause?
 *
 * The number is the asker's own. A batch that does not fit into a frame is cut, and joined again before it is read.
 */
import { Buffer } from 'node:buffer';
import type { ActorId } from '../vocabulary/address.ts';
import { asError, type ErrorCode, TroupeError } from '../vocabulary/errors.ts';
import { FRAME_HEAD_BYTES, type LinkPeer } from '../wire/link.ts';
import type { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { FENCE_CHARACTERS_MAX } from '../store/commit-rules.ts';
import type { LastValue } from '../store/last-value.ts';
import { checkPacked, mayBePacked, unpacked } from '../store/packed-parts.ts';
import { RecordWriter, readHead, recordOf } from '../store/record-bytes.ts';
import type { Parts, RawRecord, RecordHead, StoreChange, StoredRecord, Wake } from '../store/store.ts';

/** The owner on its links: no worker has this index. */
export const STORE_PEER: LinkPeer = { index: -1, incarnation: 1 };

export const LOAD = 1;
export const HEAD = 2;
export const COMMIT = 3;
export const WAKES = 4;
export const IDS = 5;
export const FORGET = 6;
export const BACKUP = 7;
export const EPOCH = 8;
export const SERVE = 9;
export const ENTER = 10;
export const REVOKE = 11;

export const DONE = 1;
export const FOUND = 2;
export const FAILED = 3;

/** Bytes of a batch in one frame; the rest follows in more. */
export const STORE_PIECE_BYTES: number = 1024 * 1024;
/** Bytes of a frame between a process and the owner of the store. */
export const STORE_FRAME_BYTES_MAX: number = STORE_PIECE_BYTES + 1;
/** Bytes of one request or answer: the largest commit, the largest record. */
export const STORE_BATCH_BYTES_MAX: number = 1024 * 1024 * 1024;
/** Characters of an error's message, and of its cause's. */
export const ERROR_CHARACTERS_MAX = 4_096;

/** In front of a frame: whether more of its batch follows. */
const LAST = 0;
const MORE = 1;

export function newBatch(): ByteWriter {
  return new ByteWriter(FRAME_HEAD_BYTES + 1);
}

/** The frames of a batch, ready to be written, in order. */
export function framesOf(batch: ByteWriter): Buffer[] {
  const bytes = batch.take();
  const start = FRAME_HEAD_BYTES + 1;
  if (bytes.length - start <= STORE_PIECE_BYTES) return [framed(bytes, LAST)];
  const frames: Buffer[] = [];
  for (let at = start; at < bytes.length; at += STORE_PIECE_BYTES) {
    const end = Math.min(bytes.length, at + STORE_PIECE_BYTES);
    const frame = Buffer.allocUnsafeSlow(start + end - at);
    bytes.copy(frame, start, at, end);
    frames.push(framed(frame, end === bytes.length ? LAST : MORE));
  }
  return frames;
}

function framed(frame: Buffer, mark: number): Buffer {
  frame.writeUInt32LE(frame.length - FRAME_HEAD_BYTES, 0);
  frame[FRAME_HEAD_BYTES] = mark;
  return frame;
}

/** Puts batches together again. */
export class BatchJoiner {
  readonly #bytesMax: number;
  #pieces: Buffer[] = [];
  #size = 0;

  constructor(bytesMax: number = STORE_BATCH_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  /** Takes a frame, whose bytes are copied; returns the batch that it completes. Throws for one that is too large. */
  push(frame: Uint8Array): Buffer | undefined {
    const piece = Buffer.from(frame.subarray(1));
    if (frame[0] === LAST && this.#pieces.length === 0) return piece;
    this.#pieces.push(piece);
    this.#size += piece.length;
    if (this.#size > this.#bytesMax) {
      throw new Error(`a batch has at most ${this.#bytesMax} bytes; got ${this.#size}`);
    }
    if (frame[0] !== LAST) return undefined;
    const batch = Buffer.concat(this.#pieces, this.#size);
    this.#pieces = [];
    this.#size = 0;
    return batch;
  }
}

const IS_GONE = 1;
const HAS_WAKE = 2;
/** The value follows as it is to lie in the store, and the parts beside it. */
const IS_WHOLE = 4;
/** Its parts follow packed (store/packed-parts). */
const IS_PACKED = 8;
const NO_PARTS: Parts = new Map();
const NO_NAMES: readonly string[] = [];
const writer = new RecordWriter();

/** `areWhole`: values are put together here, where the ones before are known. */
export function writeChanges(out: ByteWriter, changes: readonly StoreChange[], areWhole: boolean): void {
  out.count(changes.length);
  for (let at = 0; at < changes.length; at++) {
    const change = changes[at] as StoreChange;
    if (areWhole && writeWhole(out, change)) continue;
    const { id, expectedVersion, fence, wakeAt, put, remove, isGone } = change;
    const isPacked = !areWhole && mayBePacked(change);
    out.byte((isGone ? IS_GONE : 0) | (wakeAt === undefined ? 0 : HAS_WAKE) | (isPacked ? IS_PACKED : 0));
    out.text(id);
    out.number(expectedVersion);
    out.text(fence);
    if (wakeAt !== undefined) out.number(wakeAt);
    if (isPacked) {
      const begun = out.beginCount();
      put.forEach(writeEntry, out);
      out.endCount(begun);
      continue;
    }
    out.count(put.size);
    put.forEach(writePart, out);
    const names: readonly string[] = Array.isArray(remove) ? remove : [...remove];
    out.count(names.length);
    for (const name of names) out.text(name);
  }
}

/** False: nobody here knows the value before, or the owner is to say what is wrong. */
function writeWhole(out: ByteWriter, change: StoreChange): boolean {
  const { id, expectedVersion, fence, isGone, last } = change;
  if (last === undefined) return false;
  const known = last.of(expectedVersion);
  const before = known && readHead(known.bytes, fence, known.size);
  // Until this is committed, and where it never is, the next one begins with a read.
  last.forget();
  if (isGone || (before === undefined && expectedVersion !== 0) || !isSound(change)) return false;
  writer.reset();
  const { value, putOutside, removeOutside } = writer.write(change, before);
  out.byte(IS_WHOLE);
  out.text(id);
  out.bytes(value);
  out.count(putOutside?.length ?? 0);
  if (putOutside) for (const [name, bytes] of putOutside) writePart.call(out, bytes, name);
  out.count(removeOutside?.length ?? 0);
  if (removeOutside) for (const name of removeOutside) out.text(name);
  last.is(expectedVersion + 1, value);
  return true;
}

/** Of what the owner does not see of a value: a name that finds room in it is not too long. */
function isSound({ fence, wakeAt, put }: StoreChange): boolean {
  return fence.length <= FENCE_CHARACTERS_MAX && (wakeAt === undefined || wakeAt >= 0) && !put.has('');
}

function readWhole(from: ByteReader): StoreChange {
  const id = from.text();
  const value = from.buffer();
  const { version, fence, wakeAt } = readHead(value);
  const puts = from.count();
  const put = puts === 0 ? NO_PARTS : readParts(from, puts);
  const names = from.count();
  const remove = names === 0 ? NO_NAMES : Array.from({ length: names }, () => from.text());
  return { id, expectedVersion: version - 1, fence, wakeAt, put, remove, value };
}

/** Called by the map itself: a closure would be an object for each change. */
function writePart(this: ByteWriter, bytes: Uint8Array, name: string): void {
  this.text(name);
  this.bytes(bytes);
}

function writeEntry(this: ByteWriter, bytes: Uint8Array, name: string): void {
  this.entry(name, bytes);
}

/** All of one shape: objects put together in different ways cost a turn 2 µs in the thread of the store. */
class ReadChange implements StoreChange {
  readonly id: ActorId;
  readonly expectedVersion: number;
  readonly fence: string;
  readonly wakeAt: number | undefined;
  readonly put: Parts;
  readonly remove: readonly string[];
  readonly packed: Buffer | undefined;

  constructor(
    id: ActorId,
    expectedVersion: number,
    fence: string,
    wakeAt: number | undefined,
    put: Parts,
    remove: readonly string[],
    packed: Buffer | undefined,
  ) {
    this.id = id;
    this.expectedVersion = expectedVersion;
    this.fence = fence;
    this.wakeAt = wakeAt;
    this.put = put;
    this.remove = remove;
    this.packed = packed;
  }
}

/** `takesPacked`: parts that came packed stay so. */
export function readChanges(from: ByteReader, takesPacked: boolean): StoreChange[] {
  const changes: StoreChange[] = [];
  for (let left = from.count(); left > 0; left--) {
    const flags = from.byte();
    if (flags === IS_WHOLE) {
      changes.push(readWhole(from));
      continue;
    }
    const id = from.text();
    const expectedVersion = from.number();
    const fence = from.text();
    const wakeAt = (flags & HAS_WAKE) === 0 ? undefined : from.number();
    if ((flags & IS_PACKED) !== 0) {
      const packed = from.buffer();
      checkPacked(packed);
      if (takesPacked) changes.push(new ReadChange(id, expectedVersion, fence, wakeAt, NO_PARTS, NO_NAMES, packed));
      else changes.push(new ReadChange(id, expectedVersion, fence, wakeAt, unpacked(packed), NO_NAMES, undefined));
      continue;
    }
    const put = readParts(from);
    const remove: string[] = [];
    for (let names = from.count(); names > 0; names--) remove.push(from.text());
    const change = new ReadChange(id, expectedVersion, fence, wakeAt, put, remove, undefined);
    changes.push((flags & IS_GONE) === 0 ? change : { ...change, isGone: true });
  }
  return changes;
}

function readParts(from: ByteReader, count: number = from.count()): Map<string, Uint8Array> {
  const parts = new Map<string, Uint8Array>();
  for (let left = count; left > 0; left--) {
    const name = from.text();
    parts.set(name, from.bytes());
  }
  return parts;
}

export function writeStanding(out: ByteWriter, { version, fence, wakeAt }: RecordHead): void {
  out.number(version);
  out.text(fence);
  out.number(wakeAt ?? Number.NaN);
}

export function readStanding(from: ByteReader): RecordHead {
  const version = from.number();
  const fence = from.text();
  const wakeAt = from.number();
  return { version, fence, wakeAt: Number.isNaN(wakeAt) ? undefined : wakeAt };
}

export function writeRecord(out: ByteWriter, { value, outside }: RawRecord): void {
  out.bytes(value);
  out.count(outside.size);
  for (const [name, bytes] of outside) writePart.call(out, bytes, name);
}

/** Copied: an actor keeps its state for long, and the batch that brought it has many. */
export function readRecord(from: ByteReader, last?: LastValue): StoredRecord {
  const value = from.buffer();
  const outside = readParts(from);
  for (const [name, bytes] of outside) outside.set(name, bytes.slice());
  const record = recordOf({ value, outside });
  last?.is(record.version, value);
  return record;
}

export function writeWakes(out: ByteWriter, wakes: readonly Wake[]): void {
  out.count(wakes.length);
  for (const { id, at } of wakes) {
    out.text(id);
    out.number(at);
  }
}

export function readWakes(from: ByteReader): Wake[] {
  return Array.from({ length: from.count() }, () => {
    const id = from.text();
    return { id, at: from.number() };
  });
}

export function writeIds(out: ByteWriter, ids: readonly ActorId[]): void {
  out.count(ids.length);
  for (const id of ids) out.text(id);
}

export function readIds(from: ByteReader): ActorId[] {
  return Array.from({ length: from.count() }, () => from.text());
}

export function writePartitions(out: ByteWriter, partitions: readonly number[] | undefined): void {
  out.byte(partitions === undefined ? 0 : 1);
  if (partitions === undefined) return;
  out.count(partitions.length);
  for (const partition of partitions) out.count(partition);
}

export function readPartitions(from: ByteReader): number[] | undefined {
  return from.byte() === 0 ? undefined : Array.from({ length: from.count() }, () => from.count());
}

/** An empty cause stands for none. */
export function writeError(out: ByteWriter, error: unknown): void {
  const { message, cause } = asError(error);
  out.text(error instanceof TroupeError ? error.code : 'STORE_FAILED');
  out.text(message.slice(0, ERROR_CHARACTERS_MAX));
  out.text(
    cause === undefined ? '' : asError(cause).message.slice(0, ERROR_CHARACTERS_MAX) || 'an error without words',
  );
}

export function readError(from: ByteReader): TroupeError {
  const code = from.text() as ErrorCode;
  const message = from.text();
  const cause = from.text();
  return new TroupeError(code, message, cause === '' ? {} : { cause: new Error(cause) });
}
