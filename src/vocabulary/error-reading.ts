/**
 * The reading of a thrown value: guarded, since any part of it may throw or be something else than it should, and cut to
 * bounds, since it travels and is kept. Getters, proxies, cyclic causes and errors of other realms are all met here.
 */
import { types } from 'node:util';
import { copyPlain } from '../plain-data/plain-copy.ts';
import { inspectPlain } from '../plain-data/plain-data.ts';
import { inspect } from '../plain-data/inspect.ts';

/** Characters of a message, and of a stack; longer ones are cut. */
export const ERROR_TEXT_MAX = 8_192;
/** Characters of a name, a code, or the name of a field. */
export const ERROR_NAME_MAX = 256;
/** Own fields of one error, beside `code`. */
export const ERROR_FIELDS_MAX = 32;
/** Errors that are read of one: itself, its causes and theirs, the `errors` of an AggregateError. */
export const ERROR_PARTS_MAX = 32;
/** Characters of all texts of an error and its causes, and encoded bytes of its other fields, together. */
export const ERROR_SIZE_MAX: number = 32 * 1024;

/** An error as plain data. */
export interface ErrorReading {
  name: string;
  message: string;
  stack?: string;
  /** The code that callers tell errors apart by, be it troupe's own, Node's or a DOMException's. */
  code?: string | number;
  /** Its own enumerable fields, as far as they are plain data within the bounds. */
  fields?: Record<string, unknown>;
  /** Of an AggregateError. */
  errors?: ErrorPart[];
  cause?: ErrorPart;
}

/** Anything may be a cause. */
export type ErrorPart = ErrorReading | { value: unknown };

type Keyed = Record<string, unknown>;

const APART: ReadonlySet<string> = new Set(['name', 'message', 'stack', 'cause', '__proto__']);
const UNREADABLE = 'a text that threw as it was read';

/** An Error of any realm, a DOMException, or a proxy of one. Never throws. */
export function isErrorLike(value: unknown): value is Error {
  try {
    return types.isNativeError(value) || value instanceof Error;
  } catch {
    return types.isProxy(value);
  }
}

/** An error whose texts are texts, so that it can be handed on as it is. Never throws. */
export function isSoundError(value: unknown): value is Error {
  if (types.isProxy(value) || !isErrorLike(value)) return false;
  try {
    void value.stack;
    return typeof value.name === 'string' && typeof value.message === 'string';
  } catch {
    return false;
  }
}

/** Never throws. */
export function readError(error: Error): ErrorReading {
  return new Reading().of(error);
}

/** The error again, as far as it was read. */
export function errorOfReading({ name, message, stack, code, fields, errors, cause }: ErrorReading): Error {
  const error = errors === undefined ? new Error(message) : new AggregateError(errors.map(valueOfPart), message);
  define(error, 'name', name);
  if (stack !== undefined) error.stack = stack;
  if (code !== undefined) Object.assign(error, { code });
  for (const [key, value] of Object.entries(fields ?? {})) if (!APART.has(key)) Object.assign(error, { [key]: value });
  if (cause !== undefined) define(error, 'cause', valueOfPart(cause));
  return error;
}

/** Whether something that came from elsewhere is what `readError` gives. */
export function isErrorReading(value: unknown, depth = 0): value is ErrorReading {
  if (typeof value !== 'object' || value === null || depth > ERROR_PARTS_MAX) return false;
  const { name, message, stack, code, fields, errors, cause } = value as { [K in keyof ErrorReading]: unknown };
  return (
    typeof name === 'string' &&
    typeof message === 'string' &&
    (stack === undefined || typeof stack === 'string') &&
    (code === undefined || typeof code === 'string' || typeof code === 'number') &&
    (fields === undefined || (typeof fields === 'object' && fields !== null)) &&
    (errors === undefined || (Array.isArray(errors) && errors.every((part) => isPart(part, depth + 1)))) &&
    (cause === undefined || isPart(cause, depth + 1))
  );
}

/** One line of text that fits its bound, and is well-formed Unicode. */
export function cutText(text: string, max: number = ERROR_TEXT_MAX): string {
  const cut = text.length > max ? `${text.slice(0, max - 1)}…` : text;
  return (cut as string & { toWellFormed(): string }).toWellFormed();
}

/** The value that stands where a text should, as a text. Never throws. */
export function textOf(value: unknown, max: number = ERROR_TEXT_MAX): string {
  return typeof value === 'string' ? cutText(value, max) : inspect(value);
}

function isPart(part: unknown, depth: number): boolean {
  if (typeof part !== 'object' || part === null) return false;
  return 'value' in part || isErrorReading(part, depth);
}

function valueOfPart(part: ErrorPart): unknown {
  return 'value' in part ? part.value : errorOfReading(part);
}

function define(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, { value, configurable: true, writable: true });
}

class Reading {
  #left = ERROR_SIZE_MAX;
  #parts = ERROR_PARTS_MAX;
  readonly #met = new Set<unknown>();

  of(error: Error): ErrorReading {
    this.#parts--;
    this.#met.add(error);
    const reading: ErrorReading = { name: this.#name(error), message: this.#message(error) };
    const stack = partOf(error, 'stack');
    if (typeof stack === 'string') reading.stack = this.#text(stack, ERROR_TEXT_MAX);
    const code = partOf(error, 'code');
    if (typeof code === 'string') reading.code = this.#text(code, ERROR_NAME_MAX);
    else if (typeof code === 'number') reading.code = code;
    const fields = this.#fields(error);
    if (fields !== undefined) reading.fields = fields;
    const cause = this.#part(partOf(error, 'cause'));
    if (cause !== undefined) reading.cause = cause;
    const errors = this.#errors(error);
    if (errors !== undefined) reading.errors = errors;
    return reading;
  }

  #name(error: Error): string {
    const name = partOf(error, 'name');
    return typeof name === 'string' ? this.#text(name, ERROR_NAME_MAX) : 'Error';
  }

  #message(error: Error): string {
    return guarded(() => {
      const { message } = error as { message?: unknown };
      return message === undefined ? '' : this.#text(textOf(message), ERROR_TEXT_MAX);
    }, UNREADABLE);
  }

  #text(text: string, max: number): string {
    const cut = cutText(text, Math.max(1, Math.min(max, this.#left)));
    this.#left -= cut.length;
    return cut;
  }

  #fields(error: Error): Record<string, unknown> | undefined {
    let fields: Record<string, unknown> | undefined;
    let count = 0;
    for (const key of guarded(() => Object.keys(error), [])) {
      if (key.length > ERROR_NAME_MAX) continue;
      if (count === ERROR_FIELDS_MAX) break;
      const value = partOf(error, key);
      if (isReadApart(key, value)) continue;
      const field = this.#plain(value);
      if (field === undefined) continue;
      this.#left -= key.length;
      count++;
      (fields ??= {})[key] = field.value;
    }
    return fields;
  }

  /** Undefined for what is not plain data, or too large. */
  #plain(value: unknown): { value: unknown } | undefined {
    if (value === undefined) return undefined;
    if (typeof value === 'string') return { value: this.#text(value, ERROR_TEXT_MAX) };
    const { fault, refs, bytesMax } = inspectPlain(value);
    if (fault !== undefined || refs !== undefined || bytesMax > this.#left) return undefined;
    try {
      const copy = copyPlain(value);
      this.#left -= bytesMax;
      return { value: copy };
    } catch {
      return undefined;
    }
  }

  #part(value: unknown): ErrorPart | undefined {
    if (!isErrorLike(value)) return this.#plain(value);
    // A cause that is its own cause, or one more than are read.
    return this.#met.has(value) || this.#parts <= 0 || this.#left <= 0 ? undefined : this.of(value);
  }

  #errors(error: Error): ErrorPart[] | undefined {
    const errors = partOf(error, 'errors');
    if (!isArray(errors)) return undefined;
    const parts: ErrorPart[] = [];
    for (let at = 0; at < ERROR_PARTS_MAX && this.#parts > 0; at++) {
      const part = this.#part(partOf(errors, String(at)));
      if (part !== undefined) parts.push(part);
    }
    return parts;
  }
}

/** `errors` by field, as of a form, and a `code` of another kind are fields like others. */
function isReadApart(key: string, value: unknown): boolean {
  if (key === 'errors') return isArray(value);
  if (key === 'code') return typeof value === 'string' || typeof value === 'number';
  return APART.has(key);
}

/** Undefined too where the reading of it throws. */
function partOf(of: object, key: string): unknown {
  return guarded(() => (of as Keyed)[key], undefined);
}

/** False too for a proxy that was revoked. */
function isArray(value: unknown): value is unknown[] {
  return guarded(() => Array.isArray(value), false);
}

function guarded<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
