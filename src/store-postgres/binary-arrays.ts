/**
 * Arrays in the engine's binary form, for parameters: pg would write each of them as a text, bytes as hexadecimal digits.
 *
 *   dimensions=1 · has nulls · type of elements · elements · lower bound=1 · (size · bytes)…
 */
import { Buffer } from 'node:buffer';

const BYTEA = 17;
const INT8 = 20;
const INT2 = 21;
const FLOAT8 = 701;

const HEAD_BYTES = 20;
const NULL = -1;

function head(type: number, length: number, bodyBytes: number, hasNulls: boolean): Buffer {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + bodyBytes);
  bytes.writeInt32BE(1, 0);
  bytes.writeInt32BE(hasNulls ? 1 : 0, 4);
  bytes.writeInt32BE(type, 8);
  bytes.writeInt32BE(length, 12);
  bytes.writeInt32BE(1, 16);
  return bytes;
}

export function byteaArray(list: readonly Uint8Array[]): Buffer {
  let size = 4 * list.length;
  for (const one of list) size += one.byteLength;
  const bytes = head(BYTEA, list.length, size, false);
  let at = HEAD_BYTES;
  for (const one of list) {
    at = bytes.writeInt32BE(one.byteLength, at);
    bytes.set(one, at);
    at += one.byteLength;
  }
  return bytes;
}

/** Of whole numbers. */
export function int8Array(list: readonly number[]): Buffer {
  const bytes = head(INT8, list.length, 12 * list.length, false);
  let at = HEAD_BYTES;
  for (const one of list) {
    at = bytes.writeInt32BE(8, at);
    at = bytes.writeBigInt64BE(BigInt(one), at);
  }
  return bytes;
}

export function int2Array(list: readonly number[]): Buffer {
  const bytes = head(INT2, list.length, 6 * list.length, false);
  let at = HEAD_BYTES;
  for (const one of list) {
    at = bytes.writeInt32BE(2, at);
    at = bytes.writeInt16BE(one, at);
  }
  return bytes;
}

export function float8Array(list: readonly (number | undefined)[]): Buffer {
  const nulls = list.reduce<number>((count, one) => (one === undefined ? count + 1 : count), 0);
  const bytes = head(FLOAT8, list.length, 12 * list.length - 8 * nulls, nulls > 0);
  let at = HEAD_BYTES;
  for (const one of list) {
    at = bytes.writeInt32BE(one === undefined ? NULL : 8, at);
    if (one !== undefined) at = bytes.writeDoubleBE(one, at);
  }
  return bytes;
}
