/**
 * A state as it is shown: JSON data of a bounded size. The state itself may hold anything, be as large as memory, and have getters that
 * throw; it is only read.
 */
import { types } from 'node:util';
import { cutText } from '../vocabulary/error-reading.ts';
import { Ref } from '../plain-data/ref.ts';

/** Bytes of a state that is shown, about. */
export const SHOWN_BYTES_MAX: number = 16 * 1024;
/** Levels of it. */
export const SHOWN_DEPTH_MAX = 12;
/** Characters of a text: a type, an error, a topic. */
export const SHOWN_TEXT_MAX = 256;

/** Bytes that a part costs beside its text. */
const PART_BYTES = 8;

export interface Shown {
  value: unknown;
  /** Why it is not whole. */
  cut: string | undefined;
}

/** Never throws. */
export function shown(value: unknown): Shown {
  const view = new View();
  return { value: view.part(value, 0), cut: view.cut };
}

export function shortText(text: string): string {
  return cutText(text, SHOWN_TEXT_MAX);
}

/** Undefined: a plain object, of whatever realm. */
function classOf(value: object): string | undefined {
  const prototype = Object.getPrototypeOf(value) as { constructor?: { name?: unknown } } | null;
  if (prototype === null || prototype === Object.prototype) return undefined;
  const name = prototype.constructor?.name;
  return name === 'Object' ? undefined : String(name ?? 'object');
}

class View {
  cut: string | undefined;
  #left: number = SHOWN_BYTES_MAX;
  /** From the root down to the present part. */
  readonly #open: object[] = [];

  part(value: unknown, depth: number): unknown {
    this.#left -= PART_BYTES;
    switch (typeof value) {
      case 'string':
        return this.#text(value);
      case 'bigint':
        return this.#text(`${value}n`);
      case 'function':
      case 'symbol':
        return `[${typeof value}]`;
      case 'object':
        return value === null ? null : this.#object(value, depth);
      default:
        return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
    }
  }

  #text(text: string): string {
    const room = Math.max(1, this.#left);
    if (text.length > room) this.#isCut();
    const kept = cutText(text, room);
    this.#left -= kept.length;
    return kept;
  }

  #object(value: object, depth: number): unknown {
    if (value instanceof Ref) return this.#text(value.id);
    if (types.isProxy(value)) return '[proxy]';
    if (this.#open.includes(value)) return '[circular]';
    if (depth >= SHOWN_DEPTH_MAX) {
      this.cut ??= `deeper than ${SHOWN_DEPTH_MAX} levels`;
      return '…';
    }
    this.#open.push(value);
    try {
      return this.#inside(value, depth + 1);
    } catch {
      return '[cannot be read]';
    } finally {
      this.#open.pop();
    }
  }

  #inside(value: object, depth: number): unknown {
    if (types.isDate(value)) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
    if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return `[${value.byteLength} bytes]`;
    if (types.isRegExp(value)) return this.#text(String(value));
    if (types.isNativeError(value)) return this.#text(`${value.name}: ${value.message}`);
    if (types.isMap(value)) return this.#list(value.entries(), depth);
    if (types.isSet(value) || Array.isArray(value)) return this.#list(value.values(), depth);
    const className = classOf(value);
    // It may hold the whole program: an actor of a machine, a socket.
    if (className !== undefined) return this.#text(`[${className}]`);
    return this.#keys(value, depth);
  }

  #list(values: Iterable<unknown>, depth: number): unknown[] {
    const list: unknown[] = [];
    for (const value of values) {
      if (!this.#hasRoom()) break;
      list.push(this.part(value, depth) ?? null);
    }
    return list;
  }

  #keys(value: object, depth: number): Record<string, unknown> {
    const copy: Record<string, unknown> = {};
    for (const key in value) {
      if (!Object.hasOwn(value, key)) continue;
      if (!this.#hasRoom()) break;
      const part = this.part((value as Record<string, unknown>)[key], depth);
      if (part === undefined) continue;
      // Keys may be called `__proto__`.
      Object.defineProperty(copy, this.#text(key), {
        value: part,
        writable: true,
        enumerable: true,
        configurable: true,
      });
    }
    return copy;
  }

  #hasRoom(): boolean {
    if (this.#left > 0) return true;
    this.#isCut();
    return false;
  }

  #isCut(): void {
    this.cut ??= `more than ${SHOWN_BYTES_MAX} bytes`;
  }
}
