/**
 * A record as it lies in the store: its head, and behind it, in the same value, those of its parts that are small. So a
 * turn that changes small things is one read and one write, whatever the number of its parts. A part that is large or finds
 * no room lies under a key of its own, and an entry without bytes says so.
 *
 *   form · flags · version · wakeAt? · fence · entries: (name, bytes or OUTSIDE)…
 */
import { Buffer } from 'node:buffer';
import { knownText } from './known-texts.ts';
import { hasPacked, INLINE_BYTES_MAX, INLINE_PART_BYTES_MAX, unpacked } from './packed-parts.ts';
import type { RawRecord, RecordHead, StoreChange, StoredRecord } from './store.ts';

/** Heads of the first format are text in JSON, and all their parts have keys of their own. */
const JSON_FORM = 0x5b;
const FORM = 1;
const HAS_WAKE = 1;
/** More parts lie outside than there are entries for. */
const HAS_UNKNOWN = 2;
const NUMBER_BYTES = 8;
const LENGTH_BYTES = 2;
/** In place of an entry's size. */
const OUTSIDE = 0xffff;
/** Form, flags, two numbers, the longest fence, all entries, and the name of the entry that finds no room. */
const VALUE_BYTES_MAX = 4_096;
const SLAB_BYTES: number = 64 * 1024;
/** Slabs that are kept from one commit to the next. */
const SLABS_KEPT = 4;

export interface StoredHead extends RecordHead {
  /** Some of its parts may lie outside without an entry. */
  readonly hasUnknown: boolean;
  /** The value that it was read from; good until the next is read. */
  readonly bytes: Buffer;
  readonly size: number;
  /** Where its entries begin. */
  readonly entriesAt: number;
}

/** `likelyFence`: what its fence may well be; to compare bytes is cheaper than to make text of them. `size`: of the value, where more follows. */
export function readHead(bytes: Buffer, likelyFence = '', size: number = bytes.length): StoredHead {
  if (bytes[0] === JSON_FORM) {
    const [version, wakeAt, fence] = JSON.parse(bytes.toString('utf8', 0, size)) as [number, number | null, string];
    return { version, fence, wakeAt: wakeAt ?? undefined, hasUnknown: true, bytes, size, entriesAt: size };
  }
  const flags = bytes[1] as number;
  const hasWake = (flags & HAS_WAKE) !== 0;
  const version = bytes.readDoubleLE(2);
  const wakeAt = hasWake ? bytes.readDoubleLE(2 + NUMBER_BYTES) : undefined;
  const lengthAt = hasWake ? 2 + 2 * NUMBER_BYTES : 2 + NUMBER_BYTES;
  const fenceAt = lengthAt + LENGTH_BYTES;
  const entriesAt = fenceAt + readLength(bytes, lengthAt);
  const isLikely = standsAt(bytes, fenceAt, entriesAt, likelyFence);
  const fence = isLikely ? likelyFence : knownText(bytes, fenceAt, entriesAt - fenceAt);
  return { version, fence, wakeAt, hasUnknown: (flags & HAS_UNKNOWN) !== 0, bytes, size, entriesAt };
}

/** The parts that lie with a head, copied, and whether there may be others. */
export function inlineParts({ bytes, size, entriesAt, hasUnknown }: StoredHead): {
  parts: Map<string, Uint8Array>;
  hasOutside: boolean;
} {
  const parts = new Map<string, Uint8Array>();
  let hasOutside = hasUnknown;
  for (let at = entriesAt; at < size; ) {
    const nameAt = at + 2 * LENGTH_BYTES;
    const dataAt = nameAt + readLength(bytes, at);
    const length = readLength(bytes, at + LENGTH_BYTES);
    if (length === OUTSIDE) hasOutside = true;
    else parts.set(knownText(bytes, nameAt, dataAt - nameAt), bytesAt(bytes, dataAt, length));
    at = length === OUTSIDE ? dataAt : dataAt + length;
  }
  return { parts, hasOutside };
}

/** Whether parts of a record may lie outside of its value. */
export function hasOutside({ bytes, size, entriesAt, hasUnknown }: StoredHead): boolean {
  if (hasUnknown) return true;
  for (let at = entriesAt; at < size; ) {
    const length = readLength(bytes, at + LENGTH_BYTES);
    if (length === OUTSIDE) return true;
    at += 2 * LENGTH_BYTES + readLength(bytes, at) + length;
  }
  return false;
}

/** A record of its value and the parts beside it. */
export function recordOf({ value, outside }: RawRecord): StoredRecord {
  const head = readHead(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
  const { version, fence, wakeAt } = head;
  const { parts } = inlineParts(head);
  for (const [name, bytes] of outside) parts.set(name, bytes);
  return { version, fence, wakeAt, parts };
}

function bytesAt(bytes: Buffer, at: number, length: number): Uint8Array {
  const copy = new Uint8Array(length);
  if (length > SHORT) copy.set(bytes.subarray(at, at + length));
  else for (let i = 0; i < length; i++) copy[i] = bytes[at + i] as number;
  return copy;
}

/** A record as it is written: the value with its head, and what is to be done to keys of its own. */
export interface WrittenRecord {
  readonly value: Uint8Array;
  readonly putOutside: [string, Uint8Array][] | undefined;
  readonly removeOutside: string[] | undefined;
}

/** Writes values into memory that is used again for the next commit. */
export class RecordWriter {
  readonly #slabs: Buffer[] = [];
  #nextSlab = 0;
  #bytes: Buffer = Buffer.alloc(0);
  #at = SLAB_BYTES;
  /** Where the entries of the present value begin. */
  #entriesAt = 0;
  /** Names of the present change that had an entry. */
  readonly #wasInline = new Set<string>();
  readonly #wasOutside = new Set<string>();
  /** Names of the present change. */
  readonly #changed: string[] = [];

  /** Bytes that were written before are not needed any more. */
  reset(): void {
    this.#slabs.length = Math.min(this.#slabs.length, SLABS_KEPT);
    this.#nextSlab = 0;
    this.#at = SLAB_BYTES;
  }

  write(change: StoreChange, before: StoredHead | undefined): WrittenRecord {
    if (this.#at + VALUE_BYTES_MAX > SLAB_BYTES) this.#takeSlab();
    const { packed } = change;
    if (packed === undefined) return this.#write(change, before);
    return this.#writePacked(change, packed, before) ?? this.#write({ ...change, put: unpacked(packed) }, before);
  }

  /** Undefined where more is to be done than to copy: something lies outside, or finds no room. Nothing is written then. */
  #writePacked(
    { expectedVersion, fence, wakeAt }: StoreChange,
    packed: Buffer,
    before: StoredHead | undefined,
  ): WrittenRecord | undefined {
    const start = this.#at;
    if (packed.length > INLINE_BYTES_MAX || before?.hasUnknown) return undefined;
    this.#writeHead(expectedVersion + 1, fence, wakeAt);
    const isWhole = before === undefined || this.#keepOthers(before, packed);
    if (!isWhole || this.#at - this.#entriesAt + packed.length > INLINE_BYTES_MAX) {
      this.#at = start;
      return undefined;
    }
    this.#at = copyBytes(packed, 0, packed.length, this.#bytes, this.#at);
    return { value: this.#bytes.subarray(start, this.#at), putOutside: undefined, removeOutside: undefined };
  }

  /** All but those that the change writes anew. False: one lies outside. */
  #keepOthers({ bytes, size, entriesAt }: StoredHead, packed: Buffer): boolean {
    for (let at = entriesAt; at < size; ) {
      const nameBytes = readLength(bytes, at);
      const length = readLength(bytes, at + LENGTH_BYTES);
      if (length === OUTSIDE) return false;
      const nameAt = at + 2 * LENGTH_BYTES;
      const end = nameAt + nameBytes + length;
      if (!hasPacked(packed, bytes, nameAt, nameBytes)) this.#at = copyBytes(bytes, at, end, this.#bytes, this.#at);
      at = end;
    }
    return true;
  }

  #write({ expectedVersion, fence, wakeAt, put, remove }: StoreChange, before: StoredHead | undefined): WrittenRecord {
    const start = this.#at;
    this.#writeHead(expectedVersion + 1, fence, wakeAt);
    const removed = removedBy(remove);
    let hasUnknown = before?.hasUnknown === true;
    if (before) this.#keepEntries(before, put, removed);
    let putOutside: [string, Uint8Array][] | undefined;
    // An iterator would make two objects for each part.
    put.forEach((data, name) => {
      // One that lies outside stays there: it must not lie in both places.
      if (!this.#isOutside(name, before) && this.#writeEntry(name, data)) return;
      (putOutside ??= []).push([name, data]);
      if (!this.#writeEntry(name, undefined)) hasUnknown = true;
    });
    let removeOutside: string[] | undefined;
    if (removed.size > 0) {
      for (const name of removed) if (this.#isOutside(name, before)) (removeOutside ??= []).push(name);
    }
    if (this.#wasInline.size > 0) this.#wasInline.clear();
    if (this.#wasOutside.size > 0) this.#wasOutside.clear();
    if (hasUnknown) this.#bytes[start + 1] = (this.#bytes[start + 1] as number) | HAS_UNKNOWN;
    return { value: this.#bytes.subarray(start, this.#at), putOutside, removeOutside };
  }

  #isOutside(name: string, before: StoredHead | undefined): boolean {
    return this.#wasOutside.has(name) || (before?.hasUnknown === true && !this.#wasInline.has(name));
  }

  #takeSlab(): void {
    this.#bytes = this.#slabs[this.#nextSlab++] ??= Buffer.allocUnsafeSlow(SLAB_BYTES);
    this.#at = 0;
  }

  #writeHead(version: number, fence: string, wakeAt: number | undefined): void {
    const bytes = this.#bytes;
    let at = this.#at;
    bytes[at] = FORM;
    bytes[at + 1] = wakeAt === undefined ? 0 : HAS_WAKE;
    at = bytes.writeDoubleLE(version, at + 2);
    if (wakeAt !== undefined) at = bytes.writeDoubleLE(wakeAt, at);
    const length = writeText(bytes, fence, at + LENGTH_BYTES);
    this.#at = writeLength(bytes, length, at) + length;
    this.#entriesAt = this.#at;
  }

  /** All but those that the change writes anew or removes; those that stand side by side in one piece. */
  #keepEntries(
    { bytes, size, entriesAt, hasUnknown }: StoredHead,
    put: StoreChange['put'],
    removed: ReadonlySet<string>,
  ): void {
    const changed = this.#changed;
    changed.length = 0;
    put.forEach(noteName, changed);
    removed.forEach(noteName, changed);
    const areAscii = changed.every(isAscii);
    let keptFrom = entriesAt;
    for (let at = entriesAt; at < size; ) {
      const nameAt = at + 2 * LENGTH_BYTES;
      const dataAt = nameAt + readLength(bytes, at);
      const length = readLength(bytes, at + LENGTH_BYTES);
      const end = length === OUTSIDE ? dataAt : dataAt + length;
      const name = nameThatStands(bytes, nameAt, dataAt, changed, areAscii);
      if (name !== undefined) {
        if (at > keptFrom) this.#at = copyBytes(bytes, keptFrom, at, this.#bytes, this.#at);
        keptFrom = end;
        if (length === OUTSIDE) this.#wasOutside.add(name);
        else if (hasUnknown) this.#wasInline.add(name);
      }
      at = end;
    }
    if (size > keptFrom) this.#at = copyBytes(bytes, keptFrom, size, this.#bytes, this.#at);
  }

  /** Without data: the part lies outside. False: it is too large, or there is no room. */
  #writeEntry(name: string, data: Uint8Array | undefined): boolean {
    const bytes = this.#bytes;
    const at = this.#at;
    const size = data === undefined ? 0 : data.byteLength;
    const room = INLINE_BYTES_MAX - (at - this.#entriesAt) - size - 2 * LENGTH_BYTES;
    if (size > INLINE_PART_BYTES_MAX || name.length > room) return false;
    const nameAt = at + 2 * LENGTH_BYTES;
    const length = writeText(bytes, name, nameAt);
    if (length > room) return false;
    writeLength(bytes, length, at);
    writeLength(bytes, data === undefined ? OUTSIDE : size, at + LENGTH_BYTES);
    this.#at = data === undefined ? nameAt + length : copyBytes(data, 0, size, bytes, nameAt + length);
    return true;
  }
}

const NO_NAMES: ReadonlySet<string> = new Set();

/** Undefined: there are none. */
export function listOf(names: Iterable<string>): string[] | undefined {
  const list = Array.isArray(names) ? (names as string[]) : [...names];
  return list.length === 0 ? undefined : list;
}

function removedBy(remove: Iterable<string>): ReadonlySet<string> {
  if (remove instanceof Set) return remove as ReadonlySet<string>;
  return Array.isArray(remove) && remove.length === 0 ? NO_NAMES : new Set(remove);
}

/** Texts and bytes up to so many are quicker copied here than by a call into native code. */
const SHORT = 48;

function writeText(bytes: Buffer, text: string, at: number): number {
  const { length } = text;
  if (length > SHORT) return bytes.write(text, at);
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return bytes.write(text, at);
    bytes[at + i] = code;
  }
  return length;
}

/** Called by the maps and sets themselves. */
function noteName(this: string[], _value: unknown, name: string): void {
  this.push(name);
}

/** Which of some names of parts stands there. Those of pages differ in their last characters (scenario rabbitmq). */
function nameThatStands(
  bytes: Buffer,
  start: number,
  end: number,
  names: readonly string[],
  areAscii: boolean,
): string | undefined {
  if (!areAscii) {
    const text = bytes.toString('utf8', start, end);
    return names.includes(text) ? text : undefined;
  }
  for (let at = 0; at < names.length; at++) {
    const name = names[at] as string;
    if (name.length !== end - start) continue;
    let i = name.length - 1;
    while (i >= 0 && name.charCodeAt(i) === bytes[start + i]) i--;
    if (i < 0) return name;
  }
  return undefined;
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

/** Whether a text of ASCII stands there; false also where nobody looked closely. */
function standsAt(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  const { length } = text;
  if (length !== end - start || length > SHORT) return false;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f || bytes[start + i] !== code) return false;
  }
  return true;
}

/** Returns the position behind the copy. */
function copyBytes(from: Uint8Array, start: number, end: number, to: Buffer, at: number): number {
  const length = end - start;
  if (length > SHORT) to.set(from.subarray(start, end), at);
  else for (let i = 0; i < length; i++) to[at + i] = from[start + i] as number;
  return at + length;
}

function readLength(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
}

function writeLength(bytes: Uint8Array, length: number, at: number): number {
  bytes[at] = length & 0xff;
  bytes[at + 1] = length >> 8;
  return at + LENGTH_BYTES;
}
