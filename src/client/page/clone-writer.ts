/** Writes the bytes of a structured clone, for values that were found to be plain data. */
import { Buffer } from './buffer.ts';
import { ERROR_TAG, ERRORS, REG_EXP_FLAGS, TAG, VERSION, VIEWS } from '../../structures/clone-tags.ts';

export function writeClone(value: unknown): Buffer {
  const writer = new CloneWriter();
  writer.value(value);
  return writer.bytes();
}

class CloneWriter {
  readonly #bytes: number[] = [TAG.version, VERSION];
  readonly #seen = new Map<object, number>();

  bytes(): Buffer {
    return Buffer.from(this.#bytes);
  }

  value(value: unknown): void {
    switch (typeof value) {
      case 'undefined':
        return this.#tag(TAG.undefined);
      case 'boolean':
        return this.#tag(value ? TAG.true : TAG.false);
      case 'number':
        return this.#number(value);
      case 'bigint':
        this.#tag(TAG.bigInt);
        return this.#bigInt(value);
      case 'string':
        return this.#string(value);
      case 'object':
        return value === null ? this.#tag(TAG.null) : this.#object(value);
      default:
        throw new Error(`a ${typeof value} cannot be cloned`);
    }
  }

  #object(value: object): void {
    const seen = this.#seen.get(value);
    if (seen !== undefined) {
      this.#tag(TAG.seen);
      return this.#varint(seen);
    }
    this.#seen.set(value, this.#seen.size);
    if (Array.isArray(value)) this.#array(value);
    else if (ArrayBuffer.isView(value)) this.#view(value);
    else if (!this.#builtIn(value)) this.#properties(value, Object.keys(value), TAG.object, TAG.objectEnd);
  }

  /** False: it is a plain object. */
  #builtIn(value: object): boolean {
    if (value instanceof Date) this.#tagged(TAG.date, () => this.#double(value.getTime()));
    else if (value instanceof Map) this.#entries(TAG.map, [...value].flat(), TAG.mapEnd);
    else if (value instanceof Set) this.#entries(TAG.set, [...value], TAG.setEnd);
    else if (value instanceof Error) this.#error(value);
    else if (value instanceof RegExp) this.#regExp(value);
    else if (value instanceof ArrayBuffer) this.#tagged(TAG.arrayBuffer, () => this.#block(new Uint8Array(value)));
    else return this.#boxed(value);
    return true;
  }

  #boxed(value: object): boolean {
    if (value instanceof Boolean) this.#tag(value.valueOf() ? TAG.trueObject : TAG.falseObject);
    else if (value instanceof Number) this.#tagged(TAG.numberObject, () => this.#double(value.valueOf()));
    else if (value instanceof BigInt) this.#tagged(TAG.bigIntObject, () => this.#bigInt(value.valueOf() as bigint));
    else if (value instanceof String) this.#tagged(TAG.stringObject, () => this.#string(value.valueOf()));
    else return false;
    return true;
  }

  #properties(value: object, keys: readonly string[], begin: number, end: number): void {
    this.#tag(begin);
    this.#pairs(value, keys);
    this.#tag(end);
    this.#varint(keys.length);
  }

  #pairs(value: object, keys: readonly string[]): void {
    for (const key of keys) {
      const index = Number(key);
      if (String(index) === key && Number.isInteger(index) && index >= 0 && index < 2 ** 31) this.#number(index);
      else this.#string(key);
      this.value((value as Record<string, unknown>)[key]);
    }
  }

  #array(value: unknown[]): void {
    const keys = Object.keys(value);
    const isDense = keys.length >= value.length && value.every((_, at) => keys[at] === String(at));
    if (!isDense) {
      this.#tag(TAG.sparse);
      this.#varint(value.length);
      this.#pairs(value, keys);
      this.#tag(TAG.sparseEnd);
      this.#varint(keys.length);
      return this.#varint(value.length);
    }
    this.#tag(TAG.dense);
    this.#varint(value.length);
    for (const element of value) this.value(element);
    const others = keys.slice(value.length);
    this.#pairs(value, others);
    this.#tag(TAG.denseEnd);
    this.#varint(others.length);
    this.#varint(value.length);
  }

  #view(value: ArrayBufferView): void {
    const kind = VIEWS.indexOf(value.constructor as (typeof VIEWS)[number]);
    if (kind < 0) throw new Error(`a ${value.constructor.name} cannot be cloned`);
    this.#tag(TAG.host);
    this.#varint(kind);
    this.#block(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  }

  #entries(begin: number, values: readonly unknown[], end: number): void {
    this.#tag(begin);
    for (const value of values) this.value(value);
    this.#tag(end);
    this.#varint(values.length);
  }

  #error(error: Error): void {
    this.#tag(TAG.error);
    for (const [tag, make] of ERRORS) if (error.name === make.name) this.#tag(tag);
    this.#tagged(ERROR_TAG.message, () => this.#string(error.message));
    // In this order: newer versions of V8 read no other.
    if (typeof error.stack === 'string') this.#tagged(ERROR_TAG.stack, () => this.#string(error.stack as string));
    if (error.cause !== undefined) this.#tagged(ERROR_TAG.cause, () => this.value(error.cause));
    this.#tag(ERROR_TAG.end);
  }

  #regExp({ source, flags }: RegExp): void {
    this.#tag(TAG.regExp);
    this.#string(source);
    this.#varint(REG_EXP_FLAGS.reduce((sum, [flag, bit]) => sum + (flags.includes(flag) ? bit : 0), 0));
  }

  #number(value: number): void {
    if (Number.isInteger(value) && Math.abs(value) < 2 ** 30 && !Object.is(value, -0)) {
      this.#tag(TAG.int);
      return this.#varint(value >= 0 ? value * 2 : -value * 2 - 1);
    }
    this.#tag(TAG.double);
    this.#double(value);
  }

  #bigInt(value: bigint): void {
    const words: bigint[] = [];
    for (let left = value < 0n ? -value : value; left > 0n; left >>= 64n) words.push(left & 0xffffffffffffffffn);
    this.#varint(words.length * 16 + (value < 0n ? 1 : 0));
    const bytes = new DataView(new ArrayBuffer(words.length * 8));
    for (const [at, word] of words.entries()) bytes.setBigUint64(at * 8, word, true);
    this.#raw(new Uint8Array(bytes.buffer));
  }

  #string(text: string): void {
    let isOneByte = true;
    for (let at = 0; at < text.length && isOneByte; at++) isOneByte = text.charCodeAt(at) < 256;
    const length = isOneByte ? text.length : text.length * 2;
    // Two-byte strings begin at an even place.
    if (!isOneByte && (this.#bytes.length + 1 + varintBytes(length)) % 2 === 1) this.#tag(TAG.padding);
    this.#tag(isOneByte ? TAG.oneByte : TAG.twoByte);
    this.#varint(length);
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      this.#bytes.push(unit & 0xff);
      if (!isOneByte) this.#bytes.push(unit >> 8);
    }
  }

  #double(value: number): void {
    this.#raw(new Uint8Array(new Float64Array([value]).buffer));
  }

  #block(bytes: Uint8Array): void {
    this.#varint(bytes.byteLength);
    this.#raw(bytes);
  }

  #raw(bytes: Uint8Array): void {
    for (const byte of bytes) this.#bytes.push(byte);
  }

  #tag(tag: number): void {
    this.#bytes.push(tag);
  }

  #tagged(tag: number, write: () => void): void {
    this.#tag(tag);
    write();
  }

  #varint(value: number): void {
    let left = value;
    while (left >= 0x80) {
      this.#bytes.push((left % 0x80) | 0x80);
      left = Math.floor(left / 0x80);
    }
    this.#bytes.push(left);
  }
}

function varintBytes(value: number): number {
  let count = 1;
  for (let left = value; left >= 0x80; left = Math.floor(left / 0x80)) count++;
  return count;
}
