/**
 * Small flat objects in the bytes of the codec (`wire/codec` reads them): most states of actors, and many replies, are a few numbers, short texts and truth values,
 * perhaps some bytes. The general way looks at a value, hands it to msgpackr, and takes three times as long for these (D1, scenario rabbitmq).
 */
import { types } from 'node:util';

/** Properties of an object. */
const PARTS_MAX = 15;
/** Characters of a name, and of a text that has its length in its first byte. */
const SHORT = 31;
/** Characters of a text, bytes of an array. */
const PART_MAX = 128;
/** Most bytes that an object takes here: the names, and the parts. */
const ROOM_BYTES: number = 1 + PARTS_MAX * (1 + SHORT + 4 + PART_MAX);
/** Values lie one behind the other in memory of so many bytes, as msgpackr's do. */
const SLAB_BYTES = 8 * 1024;
/** Msgpackr has a Uint8Array as this, in its extension `t`. */
const VIEW = 0x74;
const VIEW_OF_BYTES = 1;

let slab = new Uint8Array(0);
let at = 0;
/** A getter may encode another value. */
let isWriting = false;

const numbers = new DataView(new ArrayBuffer(8));

/** The bytes that the codec would write, to the last one. Undefined for any other value: it goes the general way, which also says what is wrong with it. */
export function encodeFlat(value: unknown): Uint8Array | undefined {
  if (typeof value !== 'object' || value === null || isWriting) return undefined;
  if (types.isProxy(value) || Object.getPrototypeOf(value) !== Object.prototype) return undefined;
  if (at + ROOM_BYTES > slab.length) {
    slab = new Uint8Array(SLAB_BYTES);
    at = 0;
  }
  const start = at;
  isWriting = true;
  try {
    if (writeParts(value as Record<string, unknown>)) return new Uint8Array(slab.buffer, start, at - start);
  } catch {
    // A getter that threw.
  } finally {
    isWriting = false;
  }
  at = start;
  return undefined;
}

function writeParts(value: Record<string, unknown>): boolean {
  const head = at++;
  let count = 0;
  let hasBytes = false;
  for (const name in value) {
    if (++count > PARTS_MAX || name.length > SHORT || name === '__proto__' || name === '__keys__') return false;
    if (!Object.hasOwn(value, name) || !writeText(name)) return false;
    const part = value[name];
    if (typeof part === 'object' && part !== null) {
      // The same one twice stays one only in a structured clone.
      if (hasBytes || !writeBytes(part)) return false;
      hasBytes = true;
    } else if (!writePrimitive(part)) return false;
  }
  slab[head] = 0x80 | count;
  return true;
}

function writePrimitive(part: unknown): boolean {
  switch (typeof part) {
    case 'number':
      return writeNumber(part);
    case 'string':
      return writeText(part);
    case 'boolean':
      slab[at++] = part ? 0xc3 : 0xc2;
      return true;
    case 'object':
      slab[at++] = 0xc0;
      return true;
    case 'undefined':
      slab[at++] = 0xd4;
      slab[at++] = 0;
      slab[at++] = 0;
      return true;
    default:
      return false;
  }
}

function writeNumber(value: number): boolean {
  if (value >>> 0 === value) {
    if (value === 0 && Object.is(value, -0)) return false;
    if (value < 0x80) slab[at++] = value;
    else if (value < 0x100) writeWhole(0xcc, value, 1);
    else if (value < 0x10000) writeWhole(0xcd, value, 2);
    else writeWhole(0xce, value, 4);
  } else if (value >> 0 === value) {
    if (value >= -0x20) slab[at++] = 0x100 + value;
    else if (value >= -0x80) writeWhole(0xd0, value, 1);
    else if (value >= -0x8000) writeWhole(0xd1, value, 2);
    else writeWhole(0xd2, value, 4);
  } else {
    numbers.setFloat64(0, value);
    slab[at++] = 0xcb;
    for (let i = 0; i < 8; i++) slab[at++] = numbers.getUint8(i);
  }
  return true;
}

/** The highest byte first. */
function writeWhole(head: number, value: number, bytes: number): void {
  slab[at++] = head;
  for (let shift = (bytes - 1) * 8; shift >= 0; shift -= 8) slab[at++] = value >> shift;
}

/** False: it is long, or not of ASCII. */
function writeText(text: string): boolean {
  const { length } = text;
  if (length > PART_MAX) return false;
  if (length <= SHORT) slab[at++] = 0xa0 | length;
  else {
    slab[at++] = 0xd9;
    slab[at++] = length;
  }
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return false;
    slab[at++] = code;
  }
  return true;
}

function writeBytes(part: object): boolean {
  if (types.isProxy(part) || Object.getPrototypeOf(part) !== Uint8Array.prototype) return false;
  if (!types.isUint8Array(part) || part.length > PART_MAX || !types.isArrayBuffer(part.buffer)) return false;
  const { length } = part;
  slab[at++] = 0xc7;
  slab[at++] = length + 1;
  slab[at++] = VIEW;
  slab[at++] = VIEW_OF_BYTES;
  slab.set(part, at);
  at += length;
  return true;
}
