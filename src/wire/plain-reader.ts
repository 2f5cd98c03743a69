/** Reads what plain-writer.ts wrote: in the same order, all of it, once. */
import type { Buffer } from 'node:buffer';
import {
  ARRAY,
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
} from './plain-tags.ts';

/** Objects of a shape that are put together key by key before it gets a function of its own, which takes longer to make. */
const COMPILE_AFTER = 32;
const SHORT_TEXT = 16;

interface Shape {
  readonly keys: readonly string[];
  readonly typeAt: number;
  readonly type: string | undefined;
  read: number;
  build: ((reader: PlainReader) => object) | undefined;
}

const { fromCharCode } = String;

export class PlainReader {
  #bytes: Buffer | undefined;
  #end = 0;
  at = 0;
  readonly #shapes: Shape[] = [];
  readonly #double = new Float64Array(1);
  readonly #doubleBytes = new Uint8Array(this.#double.buffer);

  /** Nothing that was read refers to the bytes. */
  begin(bytes: Buffer): void {
    this.#bytes = bytes;
    this.#end = bytes.byteLength;
    this.at = 0;
  }

  get isAtEnd(): boolean {
    return this.at >= this.#end;
  }

  /** Throws where more was read than there is: what was read of nothing is no value. */
  checkEnd(): void {
    if (this.at > this.#end) throw new Error(`an entry ends within its frame of ${this.#end} bytes; got ${this.at}`);
  }

  /** Throws where more was read than there is. */
  finish(): void {
    const { at } = this;
    const end = this.#end;
    this.#bytes = undefined;
    if (at !== end) throw new Error(`a compact frame of ${end} bytes ends there; got ${at}`);
  }

  byte(): number {
    return (this.#bytes as Buffer)[this.at++] as number;
  }

  varint(): number {
    const first = this.byte();
    if (first < 128) return first;
    let value = first - 128;
    for (let scale = 128; ; scale *= 128) {
      const next = this.byte();
      if (next < 128) return value + next * scale;
      // Also ends at once where the bytes have ended.
      if (!(next >= 128) || scale > Number.MAX_SAFE_INTEGER) throw new Error('a number ends; got no end of it');
      value += (next - 128) * scale;
    }
  }

  double(): number {
    const to = this.#doubleBytes;
    for (let i = 0; i < 8; i++) to[i] = this.byte();
    return this.#double[0] as number;
  }

  text(): string {
    return this.#slice(this.varint(), 'utf8');
  }

  /** An object with a `type`, which its shape brings. */
  message(): object {
    const tag = this.byte();
    if (tag !== OBJECT) throw new Error(`a message is an object; got the tag ${tag}`);
    const shape = this.#shape();
    if (shape.type === undefined) throw new Error("a message has a string 'type'; got a shape without one");
    return this.#build(shape);
  }

  value(): unknown {
    const tag = this.byte();
    if (tag < 128) return tag;
    switch (tag) {
      case OBJECT:
        return this.#build(this.#shape());
      case LATIN:
        return this.#latin(this.byte());
      case INT:
        return this.byte() | (this.byte() << 8) | (this.byte() << 16) | (this.byte() << 24);
      case DOUBLE:
        return this.double();
      case NULL:
        return null;
      case UNDEFINED:
        return undefined;
      case TRUE:
        return true;
      case FALSE:
        return false;
      case LATIN_LONG:
        return this.#slice(this.varint(), 'latin1');
      case UTF8:
        return this.#slice(this.varint(), 'utf8');
      case ARRAY:
        return this.#array(this.varint());
      default:
        throw new Error(`a value has a known tag; got ${tag}`);
    }
  }

  #latin(length: number): string {
    if (length > SHORT_TEXT) return this.#slice(length, 'latin1');
    let text = '';
    let left = length;
    for (; left >= 4; left -= 4) text += fromCharCode(this.byte(), this.byte(), this.byte(), this.byte());
    if (left === 3) return text + fromCharCode(this.byte(), this.byte(), this.byte());
    if (left === 2) return text + fromCharCode(this.byte(), this.byte());
    return left === 1 ? text + fromCharCode(this.byte()) : text;
  }

  #slice(length: number, encoding: 'latin1' | 'utf8'): string {
    const from = this.at;
    this.at = from + length;
    if (!(this.at <= this.#end)) throw new Error(`a text of ${length} bytes is there; got ${this.#end - from}`);
    return (this.#bytes as Buffer).toString(encoding, from, this.at);
  }

  #array(length: number): unknown[] {
    if (!(length <= this.#end - this.at))
      throw new Error(`an array of ${length} is there; got ${this.#end - this.at} bytes`);
    const values: unknown[] = [];
    for (let i = 0; i < length; i++) values.push(this.value());
    return values;
  }

  #shape(): Shape {
    const number = this.varint();
    const shape = number === 0 ? this.#define() : this.#shapes[number - 1];
    if (shape === undefined) throw new Error(`a shape has been described before; got the number ${number}`);
    return shape;
  }

  #build(shape: Shape): object {
    if (shape.build !== undefined) return shape.build(this);
    if (++shape.read === COMPILE_AFTER) shape.build = compiled(shape);
    return assembled(shape, this);
  }

  #define(): Shape {
    const count = this.varint();
    if (!(count <= SHAPE_KEYS_MAX) || this.#shapes.length >= SHAPES_MAX) {
      throw new Error(`a shape has at most ${SHAPE_KEYS_MAX} keys, and a link ${SHAPES_MAX} shapes; got ${count} keys`);
    }
    const keys: string[] = [];
    for (let i = 0; i < count; i++) keys.push(this.text());
    const typeAt = this.varint() - 1;
    // Set on an object, `__proto__` would be no property; and of two keys with one name the second would win.
    const isSound = new Set(keys).size === count && !keys.includes('__proto__');
    if (!isSound || (typeAt >= 0 && keys[typeAt] !== 'type')) {
      throw new Error(`a shape has keys, each once, and 'type' where it says; got ${keys.join(', ').slice(0, 200)}`);
    }
    const shape: Shape = { keys, typeAt, type: typeAt < 0 ? undefined : this.text(), read: 0, build: undefined };
    this.#shapes.push(shape);
    return shape;
  }
}

function assembled({ keys, typeAt, type }: Shape, reader: PlainReader): object {
  const object: Record<string, unknown> = {};
  for (let at = 0; at < keys.length; at++) object[keys[at] as string] = at === typeAt ? type : reader.value();
  return object;
}

/**
 * One object literal with the shape's keys: three times as fast as setting them one by one (S4). Undefined where the
 * process may not make code of text; then that stays the way.
 */
function compiled({ keys, typeAt, type }: Shape): ((reader: PlainReader) => object) | undefined {
  const field = (key: string, at: number): string =>
    `${JSON.stringify(key)}: ${at === typeAt ? JSON.stringify(type) : 'reader.value()'}`;
  try {
    return new Function('reader', `return { ${keys.map(field).join(', ')} };`) as (reader: PlainReader) => object;
  } catch {
    return undefined;
  }
}
