/**
 * Writes plain values into a frame: it looks at each part once and encodes it in the same step. Where a value is not of
 * the common sort it gives up, and leaves no trace; codec.ts then inspects the value and finds what is to be done.
 * Bought by S4: inspecting and then packing took two thirds of what a small message costs.
 */
import type { Buffer } from 'node:buffer';
import { types } from 'node:util';
import {
  ARRAY,
  COMPACT_BYTES_MAX,
  DOUBLE,
  FALSE,
  INT,
  LATIN,
  LATIN_LONG,
  NULL,
  OBJECT,
  SHAPE_KEYS_MAX,
  SHAPES_MAX,
  TRUE,
  UNDEFINED,
  UTF8,
  VARIANTS_MAX,
} from './plain-tags.ts';

/** Below it, one byte after another is faster than a call into the runtime. */
const SHORT_TEXT = 32;
const VARINT_BYTES_MAX = 8;
/** Objects in one value; it keeps the search for repeated ones short. */
const OBJECTS_MAX = 16;

interface Shape {
  readonly number: number;
  readonly keys: readonly string[];
  /** Where `type` stands and what it is; -1 for an object within a message. */
  readonly typeAt: number;
  readonly type: string | undefined;
  /** Bytes that its keys and `type` would take at most where they travel. */
  readonly weight: number;
}

type Keyed = Record<string, unknown>;

export class PlainWriter {
  bytes: Buffer;
  at = 0;
  /** The present value must end here. */
  #end = 0;
  /** Bytes that the general codec would add for keys that do not travel here. */
  #weight = 0;
  readonly #shapes = new Map<string, Shape[]>();
  #shapeCount = 0;
  /** Shapes that the present value has brought, with their buckets. */
  readonly #news: string[] = [];
  readonly #met: (object | undefined)[] = new Array(OBJECTS_MAX).fill(undefined);
  #metCount = 0;
  readonly #double = new Float64Array(1);
  readonly #doubleBytes = new Uint8Array(this.#double.buffer);

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** False: nothing was written. At least `COMPACT_BYTES_MAX` bytes must be free. A message brings its `type` into its shape. */
  tryValue(value: unknown, bytesMax: number): boolean {
    const start = this.at;
    this.#end = start + COMPACT_BYTES_MAX - VARINT_BYTES_MAX;
    this.#weight = 0;
    let isDone = false;
    try {
      // No value takes more than four times as much in the general codec, which says exactly what is too large.
      isDone = this.#value(value, true) && (this.at - start) * 4 + this.#weight <= bytesMax;
    } catch {
      // A getter that threw: the inspection will meet it again, and say where it stands.
    }
    while (this.#metCount > 0) this.#met[--this.#metCount] = undefined;
    if (!isDone) this.#undo(start);
    else if (this.#news.length > 0) this.#news.length = 0;
    return isDone;
  }

  varint(value: number): void {
    let rest = value;
    const { bytes } = this;
    while (rest > 127) {
      bytes[this.at++] = (rest % 128) + 128;
      rest = Math.floor(rest / 128);
    }
    bytes[this.at++] = rest;
  }

  double(value: number): void {
    this.#double[0] = value;
    const { bytes, at } = this;
    const from = this.#doubleBytes;
    for (let i = 0; i < 8; i++) bytes[at + i] = from[i] as number;
    this.at = at + 8;
  }

  /** Of any length, with room checked by the caller. */
  text(text: string): void {
    const length = this.bytes.write(text, this.at + VARINT_BYTES_MAX, 'utf8');
    const from = this.at + VARINT_BYTES_MAX;
    this.varint(length);
    this.bytes.copyWithin(this.at, from, from + length);
    this.at += length;
  }

  #value(value: unknown, isRoot: boolean): boolean {
    if (this.at >= this.#end) return false;
    switch (typeof value) {
      case 'number':
        return this.#number(value);
      case 'string':
        return this.#string(value);
      case 'object':
        if (value === null) return this.#tag(NULL);
        return this.#object(value, isRoot);
      case 'boolean':
        return this.#tag(value ? TRUE : FALSE);
      case 'undefined':
        return this.#tag(UNDEFINED);
      default:
        return false;
    }
  }

  #tag(tag: number): true {
    this.bytes[this.at++] = tag;
    return true;
  }

  #number(value: number): boolean {
    const { bytes, at } = this;
    const whole = value | 0;
    // Minus zero is equal to its whole part, and still another number.
    if (whole !== value || (value === 0 && Object.is(value, -0))) {
      bytes[this.at++] = DOUBLE;
      this.double(value);
    } else if (whole >= 0 && whole < 128) {
      bytes[this.at++] = whole;
    } else {
      bytes[at] = INT;
      bytes[at + 1] = whole;
      bytes[at + 2] = whole >> 8;
      bytes[at + 3] = whole >> 16;
      bytes[at + 4] = whole >> 24;
      this.at = at + 5;
    }
    return true;
  }

  #string(text: string): boolean {
    const { length } = text;
    if (length > SHORT_TEXT) return this.#longString(text);
    if (this.at + 2 + length > this.#end) return false;
    const { bytes, at } = this;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 127) return this.#longString(text);
      bytes[at + 2 + i] = code;
    }
    bytes[at] = LATIN;
    bytes[at + 1] = length;
    this.at = at + 2 + length;
    return true;
  }

  #longString(text: string): boolean {
    if (this.at + 1 + VARINT_BYTES_MAX + text.length * 3 > this.#end) return false;
    // A lone surrogate does not survive UTF-8.
    if (!(text as string & { isWellFormed(): boolean }).isWellFormed()) return false;
    const tagAt = this.at++;
    const before = this.at;
    this.text(text);
    // As many bytes as characters: all of them are below 128, and the reader need not look for others.
    const lengthBytes = varintBytes(text.length);
    this.bytes[tagAt] = this.at - before - lengthBytes === text.length ? LATIN_LONG : UTF8;
    return true;
  }

  #object(value: object, isRoot: boolean): boolean {
    // Some things look plain and are not; and what stands in a message twice must arrive as one.
    if (types.isProxy(value) || this.#isRepeated(value)) return false;
    if (Array.isArray(value)) return this.#array(value);
    if (Object.getPrototypeOf(value) !== Object.prototype) return false;
    const shape = this.#shapeOf(value as Keyed, isRoot);
    return shape !== undefined && this.#fields(value as Keyed, shape);
  }

  #isRepeated(value: object): boolean {
    const met = this.#met;
    const count = this.#metCount;
    if (count === OBJECTS_MAX) return true;
    for (let i = 0; i < count; i++) if (met[i] === value) return true;
    met[count] = value;
    this.#metCount = count + 1;
    return false;
  }

  #array(value: unknown[]): boolean {
    const { length } = value;
    if (Object.getPrototypeOf(value) !== Array.prototype || length > this.#end - this.at) return false;
    const keys = Object.keys(value);
    // Indexes come first and ascend: with the last one in its place there is no hole and no further property.
    if (keys.length !== length || (length > 0 && keys[length - 1] !== String(length - 1))) return false;
    this.bytes[this.at++] = ARRAY;
    this.varint(length);
    for (let i = 0; i < length; i++) if (!this.#value(value[i], false)) return false;
    return true;
  }

  /** The shape of an object, with its number written; a new one with its description. */
  #shapeOf(value: Keyed, isRoot: boolean): Shape | undefined {
    const { type } = value;
    const isTyped = isRoot && typeof type === 'string';
    const bucket = isTyped ? type : firstKey(value);
    const shapes = this.#shapes.get(bucket);
    if (shapes !== undefined) {
      for (let i = 0; i < shapes.length; i++) {
        const shape = shapes[i] as Shape;
        if (shape.typeAt >= 0 !== isTyped || !hasKeys(value, shape.keys)) continue;
        this.bytes[this.at++] = OBJECT;
        this.varint(shape.number);
        return shape;
      }
    }
    return this.#define(value, bucket, isTyped ? type : undefined);
  }

  #fields(value: Keyed, { keys, typeAt, type, weight }: Shape): boolean {
    let at = 0;
    this.#weight += weight;
    // Not an indexed loop over the keys: V8 reads the properties that it is enumerating without a look-up.
    for (const key in value) {
      if (key !== keys[at]) return false;
      const part = value[key];
      if (at === typeAt ? part !== type : !this.#value(part, false)) return false;
      at++;
    }
    return at === keys.length;
  }

  #define(value: Keyed, bucket: string, type: string | undefined): Shape | undefined {
    const variants = this.#shapes.get(bucket);
    if (this.#shapeCount >= SHAPES_MAX || (variants !== undefined && variants.length >= VARIANTS_MAX)) return undefined;
    const keys = Object.keys(value);
    if (keys.length > SHAPE_KEYS_MAX || !hasKeys(value, keys)) return undefined;
    // A type that would not travel with the keys: the general way says what is wrong with it.
    const typeAt = type === undefined ? -1 : keys.indexOf('type');
    if (type !== undefined && typeAt < 0) return undefined;
    let room = 16 + (type?.length ?? 0) * 3;
    for (const key of keys) {
      if (key === '__proto__' || !isWellFormed(key)) return undefined;
      room += VARINT_BYTES_MAX * 2 + key.length * 3;
    }
    if (type !== undefined && !isWellFormed(type)) return undefined;
    if (this.at + room > this.#end) return undefined;
    const shape: Shape = {
      number: ++this.#shapeCount,
      keys,
      typeAt,
      type,
      weight: room,
    };
    this.#news.push(bucket);
    if (variants === undefined) this.#shapes.set(bucket, [shape]);
    else variants.push(shape);
    this.#describe(shape);
    return shape;
  }

  #describe({ keys, typeAt, type }: Shape): void {
    this.bytes[this.at++] = OBJECT;
    this.varint(0);
    this.varint(keys.length);
    for (const key of keys) this.text(key);
    this.varint(typeAt + 1);
    if (type !== undefined) this.text(type);
  }

  #undo(start: number): void {
    this.at = start;
    if (this.#news.length === 0) return;
    for (const bucket of this.#news) this.#shapes.get(bucket)?.pop();
    this.#shapeCount -= this.#news.length;
    this.#news.length = 0;
  }
}

function firstKey(value: Keyed): string {
  for (const key in value) return key;
  return '';
}

function hasKeys(value: Keyed, keys: readonly string[]): boolean {
  let at = 0;
  for (const key in value) if (key !== keys[at++]) return false;
  return at === keys.length;
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}

function isWellFormed(text: string): boolean {
  return (text as string & { isWellFormed(): boolean }).isWellFormed();
}
