/**
 * Reads the bytes of a structured clone, as every version of V8 up to the one of `VERSION` has written them. Throws on garbage. Nothing in
 * the result refers to the bytes.
 */
import { Buffer } from 'node:buffer';
import { ERROR_TAG, ERRORS, REG_EXP_FLAGS, TAG, VERSION, VIEWS } from './clone-tags.ts';

/** `toBuffer`: what a Buffer of Node.js becomes. */
export function readClone(bytes: Uint8Array, toBuffer: ToBuffer = (part) => new Uint8Array(part)): unknown {
  return new CloneReader(bytes, toBuffer).whole();
}

/** The same of bytes that V8 has refused with `fault`, which is thrown where they are garbage. */
export function rereadClone(bytes: Uint8Array, fault: unknown, toBuffer: ToBuffer): unknown {
  try {
    return readClone(bytes, toBuffer);
  } catch {
    throw fault;
  }
}

type ToBuffer = (bytes: ArrayBuffer) => ArrayBufferView;

/** The number of a Buffer among the views. */
const BUFFER = 10;

const HOLE = Symbol('hole');

class CloneReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #toBuffer: ToBuffer;
  readonly #seen: unknown[] = [];
  #at = 0;

  constructor(bytes: Uint8Array, toBuffer: ToBuffer) {
    this.#bytes = bytes;
    this.#toBuffer = toBuffer;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  whole(): unknown {
    const tag = this.#byte();
    const version = this.#varint();
    if (tag !== TAG.version || version > VERSION) throw new Error(`a clone of version ${version} cannot be read`);
    return this.#value();
  }

  #value(): unknown {
    const tag = this.#tag();
    const primitive = this.#primitive(tag);
    if (primitive !== undefined) return primitive.value;
    if (tag === TAG.seen) {
      const at = this.#varint();
      if (at >= this.#seen.length) throw new Error('a clone refers to an object that is not there');
      return this.#seen[at];
    }
    return this.#object(tag);
  }

  #primitive(tag: number): { value: unknown } | undefined {
    switch (tag) {
      case TAG.undefined:
        return { value: undefined };
      case TAG.null:
        return { value: null };
      case TAG.true:
      case TAG.false:
        return { value: tag === TAG.true };
      case TAG.hole:
        return { value: HOLE };
      case TAG.int: {
        const number = this.#varint();
        return { value: number % 2 === 0 ? number / 2 : -(number + 1) / 2 };
      }
      case TAG.uint:
        return { value: this.#varint() };
      case TAG.double:
        return { value: this.#double() };
      case TAG.bigInt:
        return { value: this.#bigInt() };
      default: {
        const text = this.#textOf(tag);
        return text === undefined ? undefined : { value: text };
      }
    }
  }

  #textOf(tag: number): string | undefined {
    if (tag === TAG.oneByte) return Buffer.from(this.#block(this.#varint())).toString('latin1');
    if (tag === TAG.utf8) return Buffer.from(this.#block(this.#varint())).toString('utf8');
    if (tag !== TAG.twoByte) return undefined;
    const bytes = this.#block(this.#varint());
    let text = '';
    for (let at = 0; at + 1 < bytes.length; at += 2)
      text += String.fromCharCode((bytes[at] as number) | ((bytes[at + 1] as number) << 8));
    return text;
  }

  #object(tag: number): unknown {
    switch (tag) {
      case TAG.object:
        return this.#properties(this.#note({}), TAG.objectEnd);
      case TAG.dense:
        return this.#dense();
      case TAG.sparse: {
        const array = this.#note<unknown[]>([]);
        array.length = this.#varint();
        this.#properties(array, TAG.sparseEnd);
        this.#varint();
        return array;
      }
      case TAG.map:
        return this.#map();
      case TAG.set:
        return this.#set();
      case TAG.error:
        return this.#error();
      case TAG.host:
        return this.#viewOfBytes();
      default:
        return this.#note(this.#simpleObject(tag));
    }
  }

  #simpleObject(tag: number): object {
    switch (tag) {
      case TAG.date:
        return new Date(this.#double());
      case TAG.trueObject:
      case TAG.falseObject:
        return new Boolean(tag === TAG.trueObject);
      case TAG.numberObject:
        return new Number(this.#double());
      case TAG.bigIntObject:
        return Object(this.#bigInt()) as object;
      case TAG.stringObject:
        return new String(this.#text());
      case TAG.regExp: {
        const source = this.#text();
        const bits = this.#varint();
        return new RegExp(source, REG_EXP_FLAGS.flatMap(([flag, bit]) => (bits & bit ? [flag] : [])).join(''));
      }
      case TAG.arrayBuffer:
        return this.#block(this.#varint()).buffer;
      default:
        throw new Error(`a clone has a part of an unknown kind: ${tag}`);
    }
  }

  /** Objects are numbered as they begin, so that what is inside them may refer to them. */
  #note<T>(value: T): T {
    this.#seen.push(value);
    return value;
  }

  #properties<T extends object>(value: T, end: number): T {
    while (this.#peek() !== end) {
      const key = this.#value() as string | number;
      Object.defineProperty(value, key, {
        ...{ value: this.#value(), writable: true, enumerable: true, configurable: true },
      });
    }
    this.#tag();
    this.#varint();
    return value;
  }

  #dense(): unknown[] {
    const length = this.#varint();
    // Each element is a byte at least: a few bytes of garbage cannot take all memory.
    if (length > this.#bytes.byteLength - this.#at) throw new Error(`a clone has an array of ${length} elements`);
    const array = this.#note(new Array<unknown>(length));
    for (let at = 0; at < length; at++) {
      const element = this.#value();
      if (element !== HOLE) array[at] = element;
    }
    this.#properties(array, TAG.denseEnd);
    this.#varint();
    return array;
  }

  #map(): Map<unknown, unknown> {
    const map = this.#note(new Map<unknown, unknown>());
    while (this.#peek() !== TAG.mapEnd) {
      const key = this.#value();
      map.set(key, this.#value());
    }
    this.#tag();
    this.#varint();
    return map;
  }

  #set(): Set<unknown> {
    const set = this.#note(new Set<unknown>());
    while (this.#peek() !== TAG.setEnd) set.add(this.#value());
    this.#tag();
    this.#varint();
    return set;
  }

  #error(): Error {
    const at = this.#seen.push(undefined) - 1;
    let make: ErrorConstructor = Error;
    let message: string | undefined;
    let stack: string | undefined;
    let options: ErrorOptions | undefined;
    for (let tag = this.#tag(); tag !== ERROR_TAG.end; tag = this.#tag()) {
      const known = ERRORS.get(tag);
      if (known) make = known;
      else if (tag === ERROR_TAG.message) message = this.#text();
      else if (tag === ERROR_TAG.stack) stack = this.#text();
      else if (tag === ERROR_TAG.cause) options = { cause: this.#value() };
      else throw new Error(`an error has a part of an unknown kind: ${tag}`);
    }
    const error = new make(message, options);
    Object.defineProperty(error, 'stack', { value: stack, writable: true, configurable: true });
    this.#seen[at] = error;
    return error;
  }

  #viewOfBytes(): ArrayBufferView {
    const kind = this.#varint();
    if (kind === BUFFER) return this.#note(this.#toBuffer(this.#block(this.#varint()).buffer));
    const make = VIEWS[kind];
    if (make === undefined) throw new Error('a clone has bytes of an unknown kind');
    return this.#note(new make(this.#block(this.#varint()).buffer));
  }

  #text(): string {
    const text = this.#textOf(this.#tag());
    if (text === undefined) throw new Error('a clone has no text where one has to be');
    return text;
  }

  #bigInt(): bigint {
    const bits = this.#varint();
    const bytes = this.#block(Math.floor(bits / 2));
    // As one text: a shift for each byte would copy all of it each time.
    const digits = Array.from(bytes.reverse(), (byte) => byte.toString(16).padStart(2, '0'));
    const value = BigInt(`0x0${digits.join('')}`);
    return bits % 2 === 1 ? -value : value;
  }

  #double(): number {
    const value = this.#view.getFloat64(this.#at, true);
    this.#at += 8;
    return value;
  }

  /** A copy, with a buffer of its own. */
  #block(length: number): Uint8Array<ArrayBuffer> {
    if (this.#at + length > this.#bytes.byteLength) throw new Error('a clone ends too early');
    const bytes = new Uint8Array(length);
    bytes.set(this.#bytes.subarray(this.#at, this.#at + length));
    this.#at += length;
    return bytes;
  }

  #peek(): number {
    while (this.#bytes[this.#at] === TAG.padding) this.#at++;
    const tag = this.#bytes[this.#at];
    if (tag === undefined) throw new Error('a clone ends too early');
    return tag;
  }

  #tag(): number {
    const tag = this.#peek();
    this.#at++;
    return tag;
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new Error('a clone ends too early');
    return byte;
  }

  #varint(): number {
    let value = 0;
    for (let factor = 1; factor < 2 ** 53; factor *= 0x80) {
      const byte = this.#byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    throw new Error('a clone has a number that is too large');
  }
}
