/**
 * The parts that a change puts, one behind the other as they are to lie in the value of their record. Nearly every change puts a few small parts
 * and removes none: then the owner of the store copies them from the frame, and makes no map, no view and no text of each (D1).
 *
 *   (length name · length data · name · data)…
 */
import type { Buffer } from 'node:buffer';
import type { Parts, StoreChange } from './store.ts';

/** Bytes of a part that lies with its head, at most. */
export const INLINE_PART_BYTES_MAX = 512;
/** Bytes of all entries of a head: larger values would not share a page of LMDB with others. */
export const INLINE_BYTES_MAX = 1024;

/** Two lengths of two bytes. */
const LENGTHS_BYTES = 4;
/** Of UTF-8, for one that a text counts. */
const CHARACTER_BYTES_MAX = 3;

/** Whether they find room in a value, as far as they go. */
export function mayBePacked({ put, remove, isGone }: StoreChange): boolean {
  if (isGone || put.size === 0 || !isEmpty(remove)) return false;
  packedBytes = 0;
  put.forEach(addBytes);
  return packedBytes <= INLINE_BYTES_MAX;
}

let packedBytes = 0;

/** Called by the map itself: a closure would be an object for each change. */
function addBytes(data: Uint8Array, name: string): void {
  const isSmall = name !== '' && data.byteLength <= INLINE_PART_BYTES_MAX;
  packedBytes += isSmall
    ? LENGTHS_BYTES + name.length * CHARACTER_BYTES_MAX + data.byteLength
    : Number.POSITIVE_INFINITY;
}

function isEmpty(names: Iterable<string>): boolean {
  if (Array.isArray(names)) return names.length === 0;
  return names instanceof Set && names.size === 0;
}

/** Throws for bytes that are no parts one behind the other, each with a name. */
export function checkPacked(packed: Buffer): void {
  let at = 0;
  while (at < packed.length) {
    const nameBytes = lengthAt(packed, at);
    if (nameBytes === 0) throw new Error('a packed part has a name; got none');
    at += LENGTHS_BYTES + nameBytes + lengthAt(packed, at + 2);
  }
  if (at !== packed.length) throw new Error(`packed parts end with their bytes; got ${packed.length} for ${at}`);
}

/** One by one; the bytes are not copied. */
export function unpacked(packed: Buffer): Parts {
  const parts = new Map<string, Uint8Array>();
  for (let at = 0; at < packed.length; ) {
    const dataAt = at + LENGTHS_BYTES + lengthAt(packed, at);
    const end = dataAt + lengthAt(packed, at + 2);
    const data = new Uint8Array(packed.buffer, packed.byteOffset + dataAt, end - dataAt);
    parts.set(packed.toString('utf8', at + LENGTHS_BYTES, dataAt), data);
    at = end;
  }
  return parts;
}

/** Whether one of them has the name that stands there. */
export function hasPacked(packed: Buffer, bytes: Uint8Array, nameAt: number, nameBytes: number): boolean {
  for (let at = 0; at < packed.length; ) {
    const length = lengthAt(packed, at);
    if (length === nameBytes && isSame(packed, at + LENGTHS_BYTES, bytes, nameAt, length)) return true;
    at += LENGTHS_BYTES + length + lengthAt(packed, at + 2);
  }
  return false;
}

function isSame(one: Uint8Array, oneAt: number, other: Uint8Array, otherAt: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (one[oneAt + i] !== other[otherAt + i]) return false;
  return true;
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
}
