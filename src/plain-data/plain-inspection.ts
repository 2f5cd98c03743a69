/** One walk through a value that may be plain data: what is wrong with it, how to encode it, how large it can get. */
import { Buffer } from 'node:buffer';
import { types } from 'node:util';
import { isBuiltInPrototype, isForeignPlain } from './built-in-prototype.ts';
import { Ref } from './ref.ts';
import { inspect, sortOf } from './inspect.ts';

/** Deeper values are refused: both codecs recurse on the stack. */
export const DEPTH_MAX = 1000;
/** Deeper values, and objects with more keys (dictionaries), go to structured clone. */
export const SIMPLE_DEPTH_MAX = 64;
export const SIMPLE_KEYS_MAX = 64;

const SCANNED_OBJECTS_MAX = 16;
const PATH_SHOWN_MAX = 200;
const HEAD_BYTES = 64;
const OBJECT_BYTES = 24;
const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;
/** Milliseconds: Dates from here to there are kept to the millisecond by the 64-bit timestamps of MessagePack. */
const SIMPLE_DATE_END = 0x100000000 * 1000;

export interface PlainFault {
  /** Where in the message, such as `message.user.callbacks[2]`. */
  path: string;
  got: string;
}

export interface PlainReport {
  fault: PlainFault | undefined;
  /** True: a tree that the fast codec keeps exactly. False: it needs structured clone. */
  simple: boolean;
  /** The encoded bytes are at most this many. */
  bytesMax: number;
  /** Bytes that it holds in memory, about: a text counts a byte for each character. */
  weight: number;
  /** The refs of actors in it, each once: they are no plain data, but they travel. */
  refs: readonly Ref[] | undefined;
  /** The DOMExceptions in it, each once: structured clone as Node.js does it in bytes empties them. */
  exceptions: readonly DOMException[] | undefined;
}

type Keyed = Record<string, unknown>;

/** Can be used again, but not during a walk. */
export class Inspection {
  private simple = true;
  private bytes = 0;
  private characters = 0;
  private got = '';
  /** Keys from the fault outwards. */
  private trail: string[] = [];
  private readonly scanned: unknown[] = [];
  private scannedCount = 0;
  private seen: Set<unknown> | undefined;
  private refs: Ref[] | undefined;
  private exceptions: DOMException[] | undefined;
  /** Errors whose causes are being looked at. */
  private causing: Set<unknown> | undefined;

  report(value: unknown): PlainReport {
    this.simple = true;
    this.bytes = HEAD_BYTES;
    this.characters = 0;
    this.refs = undefined;
    this.exceptions = undefined;
    this.causing = undefined;
    const plain = this.visitRoot(value);
    for (let i = 0; i < this.scannedCount; i++) this.scanned[i] = undefined;
    this.scannedCount = 0;
    this.seen = undefined;
    return {
      fault: plain ? undefined : this.takeFault(),
      simple: plain && this.simple,
      bytesMax: this.bytes,
      weight: this.bytes - this.characters * 2,
      refs: this.refs,
      exceptions: this.exceptions,
    };
  }

  private visitRoot(value: unknown): boolean {
    try {
      return this.visit(value, 0);
    } catch (thrown) {
      // A built-in object with a redefined property, or a caller that left no stack to walk on.
      this.trail.length = 0;
      return this.refuse(`a value that threw ${inspectThrown(thrown)}`);
    }
  }

  private visit(value: unknown, depth: number): boolean {
    switch (typeof value) {
      case 'string':
        this.addString(value);
        return true;
      case 'number':
        this.bytes += 9;
        if (value === 0 && Object.is(value, -0)) this.simple = false;
        return true;
      case 'boolean':
      case 'undefined':
        this.bytes += 3;
        return true;
      case 'bigint':
        this.addBigInt(value);
        return true;
      case 'object':
        this.bytes += OBJECT_BYTES;
        if (value === null) return true;
        return this.isRepeated(value) ? this.visitAgain(value) : this.visitObject(value, depth);
      default:
        return this.refuse(sortOf(value));
    }
  }

  private addString(text: string): void {
    this.bytes += 8 + text.length * 3;
    this.characters += text.length;
    if (!isWellFormed(text)) this.simple = false;
  }

  private addBigInt(value: bigint): void {
    if (BigInt.asIntN(64, value) === value) {
      this.bytes += 16;
    } else {
      this.simple = false;
      this.bytes += 32 + (value.toString(16).length >> 1);
    }
  }

  /** Shared references and cycles keep their identity only in a structured clone. */
  private isRepeated(value: object): boolean {
    if (this.seen === undefined) {
      for (let i = 0; i < this.scannedCount; i++) {
        if (this.scanned[i] === value) return this.cannotBeSimple();
      }
      this.scanned[this.scannedCount++] = value;
      if (this.scannedCount === SCANNED_OBJECTS_MAX) this.seen = new Set(this.scanned);
      return false;
    }
    if (this.seen.has(value)) return this.cannotBeSimple();
    this.seen.add(value);
    return false;
  }

  /** An Error has no place yet, in the bytes of Node.js 20, where its own cause leads back to it: they cannot be read. */
  private visitAgain(value: object): boolean {
    return this.causing?.has(value) !== true || this.refuse('an Error that is part of its own cause');
  }

  private cannotBeSimple(): true {
    this.simple = false;
    return true;
  }

  private visitObject(value: object, depth: number): boolean {
    // Some proxies cannot even be asked what they are; structured clone refuses them all.
    if (types.isProxy(value)) return this.refuse('a Proxy');
    if (depth >= SIMPLE_DEPTH_MAX) {
      this.simple = false;
      if (depth >= DEPTH_MAX) return this.refuse(`a value nested deeper than ${DEPTH_MAX}`);
    }
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) return this.visitKeys(value as Keyed, depth);
    if (Array.isArray(value)) return this.visitArray(value, prototype as object, depth);
    return this.visitOther(value, prototype as object, depth);
  }

  private visitKeys(value: Keyed, depth: number): boolean {
    let count = 0;
    let at: string | undefined;
    try {
      for (const key in value) {
        at = key;
        if (!this.visit(value[key], depth + 1)) {
          // An enumerable function on Object.prototype is nobody's message.
          if (Object.hasOwn(value, key)) return this.leave(step(key));
          this.forgive();
        }
        count++;
        this.addString(key);
        // Assigning `__proto__` is no property, and msgpackr uses `__keys__` in its own index of shapes.
        if (key === '__proto__' || key === '__keys__') this.simple = false;
      }
    } catch (thrown) {
      this.refuse(`a property that threw ${inspectThrown(thrown)}`);
      return this.leave(at === undefined ? '' : step(at));
    }
    if (count > SIMPLE_KEYS_MAX) this.simple = false;
    return true;
  }

  private visitArray(value: unknown[], prototype: object, depth: number): boolean {
    if (prototype !== Array.prototype) {
      if (!isBuiltInPrototype(prototype)) return this.refuse(sortOf(value));
      this.simple = false;
    }
    const keys = Object.keys(value);
    const length = value.length;
    // Indexes come first and ascend: with the last one in its place there is no hole and no further property.
    if (keys.length !== length || (length > 0 && keys[length - 1] !== String(length - 1))) {
      this.simple = false;
      return this.visitKeys(value as unknown as Keyed, depth);
    }
    let at = 0;
    try {
      for (; at < length; at++) {
        if (!this.visit(value[at], depth + 1)) return this.leave(`[${at}]`);
      }
    } catch (thrown) {
      this.refuse(`an element that threw ${inspectThrown(thrown)}`);
      return this.leave(`[${at}]`);
    }
    return true;
  }

  private visitOther(value: object, prototype: object, depth: number): boolean {
    if (ArrayBuffer.isView(value)) return this.visitView(value, prototype);
    if (types.isDate(value)) {
      const ms = Date.prototype.getTime.call(value);
      if (!(ms > 0 && ms < SIMPLE_DATE_END) || prototype !== Date.prototype) this.simple = false;
      return this.acceptBuiltIn(value, prototype);
    }
    this.simple = false;
    if (value instanceof Ref) return this.addRef(value);
    if (value instanceof DOMException) return this.addException(value);
    if (types.isNativeError(value)) return this.visitError(value, depth);
    if (types.isMap(value)) return this.acceptBuiltIn(value, prototype) && this.visitMap(value, depth);
    if (types.isSet(value)) return this.acceptBuiltIn(value, prototype) && this.visitMembers(value, 'values', depth);
    if (types.isArrayBuffer(value)) {
      this.bytes += value.byteLength;
      return this.acceptBuiltIn(value, prototype);
    }
    if (types.isRegExp(value)) {
      this.bytes += 16 + value.source.length * 3;
      return this.acceptBuiltIn(value, prototype);
    }
    if (types.isBoxedPrimitive(value) && !types.isSymbolObject(value)) {
      return this.acceptBuiltIn(value, prototype) && this.visit(value.valueOf(), depth);
    }
    if (isForeignPlain(prototype)) return this.visitKeys(value as Keyed, depth);
    return this.refuse(sortOf(value));
  }

  private addRef(ref: Ref): true {
    this.addString(ref.id);
    if (this.refs === undefined) this.refs = [ref];
    else this.refs.push(ref);
    return true;
  }

  private addException(exception: DOMException): boolean {
    const { name, message, stack } = exception;
    this.addString(name);
    this.addString(message);
    if (typeof stack === 'string') this.addString(stack);
    if (this.exceptions === undefined) this.exceptions = [exception];
    else this.exceptions.push(exception);
    return true;
  }

  private visitView(value: ArrayBufferView, prototype: object): boolean {
    if (!types.isArrayBuffer(value.buffer)) return this.refuse('a view of a SharedArrayBuffer');
    this.bytes += value.byteLength;
    if (prototype !== Buffer.prototype && prototype !== Uint8Array.prototype) this.simple = false;
    return this.acceptBuiltIn(value, prototype);
  }

  /** A subclass would arrive as its base class. */
  private acceptBuiltIn(value: object, prototype: object): boolean {
    return isBuiltInPrototype(prototype) || this.refuse(sortOf(value));
  }

  /** Structured clone keeps the name (of the standard ones), message, stack and cause of any Error, nothing else. */
  private visitError(error: Error, depth: number): boolean {
    try {
      this.addString(`${error.name}`);
      this.addString(`${error.message}`);
      if (typeof error.stack === 'string') this.addString(error.stack);
      return !Object.hasOwn(error, 'cause') || this.visitCause(error, depth);
    } catch (thrown) {
      return this.refuse(`an Error with a property that threw ${inspectThrown(thrown)}`);
    }
  }

  private visitCause(error: Error, depth: number): boolean {
    this.causing ??= new Set();
    this.causing.add(error);
    const isPlain = this.visit(error.cause, depth + 1) || this.leave('.cause');
    this.causing.delete(error);
    return isPlain;
  }

  private visitMap(map: ReadonlyMap<unknown, unknown>, depth: number): boolean {
    for (const [key, value] of Map.prototype.entries.call(map)) {
      if (!this.visit(value, depth + 1)) return this.leave(`.get(${sortOf(key)})`);
    }
    return this.visitMembers(map, 'keys', depth);
  }

  private visitMembers(
    members: ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>,
    list: string,
    depth: number,
  ): boolean {
    let at = 0;
    const make = types.isMap(members) ? Map.prototype : Set.prototype;
    for (const member of (make.keys as () => IterableIterator<unknown>).call(members)) {
      if (!this.visit(member, depth + 1)) return this.leave(`.${list}()[${at}]`);
      at++;
    }
    return true;
  }

  private refuse(got: string): false {
    this.got = got;
    return false;
  }

  private leave(step: string): false {
    this.trail.push(step);
    return false;
  }

  private forgive(): void {
    this.trail.length = 0;
  }

  private takeFault(): PlainFault {
    const path = `message${this.trail.reverse().join('')}`;
    this.trail = [];
    return { path: path.length > PATH_SHOWN_MAX ? `${path.slice(0, PATH_SHOWN_MAX)}…` : path, got: this.got };
  }
}

function step(key: string): string {
  if (/^\d+$/.test(key)) return `[${key}]`;
  return IDENTIFIER.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

function inspectThrown(thrown: unknown): string {
  return thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : inspect(thrown);
}

/** In every Node.js since 20, not yet in the library of ES2023. */
function isWellFormed(text: string): boolean {
  return (text as string & { isWellFormed(): boolean }).isWellFormed();
}
