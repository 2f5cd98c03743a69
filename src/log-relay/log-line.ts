/**
 * A worker's log line on its way to the logger of the program, which lives in the master: the arguments of the call
 * as plain copies, within bounds. Errors come out as errors again, so that the logger's own serializers know them.
 */
/** Deeper objects, and longer lists, are cut as pino cuts them by default (5 and 100), with room for what adds a level. */
export const LINE_DEPTH_MAX = 8;
export const LINE_EDGES_MAX = 100;
/** Characters and bytes of one line, about; the rest is cut. */
export const LINE_CHARS_MAX: number = 64 * 1024;
/** Characters that each value counts for, beside its own. */
const VALUE_CHARS = 8;

export interface LogLine {
  level: string;
  /** Bindings and plain options of `child()`, from the outermost logger in. */
  children: [bindings: object, options?: object][];
  /** Of the call. */
  values: unknown[];
  /** Characters and bytes, about. */
  size: number;
}

/** Takes the place of an error, which the channel would strip of its class and of its own fields. */
interface PackedError {
  'troupe:error': { name: string; type: string; message: string; stack: string; fields: Record<string, unknown> };
}

/** Never throws, whatever the values are. */
export function packValues(values: readonly unknown[]): { values: unknown[]; size: number } {
  const packing = new Packing();
  return { values: values.map((value) => packing.pack(value, 0)), size: packing.size };
}

/** For this process only: made of what `packValues` gave. */
export function unpackValue(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(unpackValue);
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  const packed = (value as Partial<PackedError>)['troupe:error'];
  if (packed !== undefined) return unpackError(packed);
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, unpackValue(field)]));
}

function unpackError({ name, type, message, stack, fields }: PackedError['troupe:error']): Error {
  const error = new Error(message);
  // pino tells the type of an error by the name of its constructor.
  const named = { [type]: () => {} }[type];
  const hidden = { configurable: true, writable: true, enumerable: false };
  Object.defineProperties(error, {
    name: { value: name, ...hidden },
    stack: { value: stack, ...hidden },
    constructor: { value: named, ...hidden },
  });
  for (const [key, field] of Object.entries(fields)) {
    const isHidden = key === 'cause' || key === 'errors';
    Object.defineProperty(error, key, { ...hidden, enumerable: !isHidden, value: unpackValue(field) });
  }
  return error;
}

/** One line: its budget, and the objects that are open, so that a circle is seen. */
class Packing {
  readonly #open = new Set<object>();
  #left = LINE_CHARS_MAX;

  get size(): number {
    return LINE_CHARS_MAX - this.#left;
  }

  pack(value: unknown, depth: number): unknown {
    this.#left -= VALUE_CHARS;
    if (typeof value === 'string') return this.#cut(value);
    if (typeof value === 'function' || typeof value === 'symbol') return undefined;
    if (typeof value !== 'object' || value === null) return value;
    try {
      return this.#object(value, depth);
    } catch (error) {
      return `[Throws: ${this.#cut(String((error as Error | undefined)?.message))}]`;
    }
  }

  #object(value: object, depth: number): unknown {
    if (this.#open.has(value)) return '[Circular]';
    if (depth >= LINE_DEPTH_MAX || this.#left <= 0) return Array.isArray(value) ? '[Array]' : '[Object]';
    this.#open.add(value);
    try {
      if (value instanceof Error) return this.#error(value, depth);
      if (value instanceof Date) return value;
      if (ArrayBuffer.isView(value)) return this.#bytes(value);
      const { toJSON } = value as { toJSON?: unknown };
      if (typeof toJSON === 'function') return this.pack(toJSON.call(value, ''), depth + 1);
      if (Array.isArray(value)) return this.#list(value, depth);
      return this.#fields(value, depth);
    } finally {
      this.#open.delete(value);
    }
  }

  #list(values: readonly unknown[], depth: number): unknown[] {
    const packed = values.slice(0, LINE_EDGES_MAX).map((one) => this.pack(one, depth + 1));
    const more = values.length - packed.length;
    return more > 0 ? [...packed, `... ${more} not stringified`] : packed;
  }

  #fields(value: object, depth: number): Record<string, unknown> {
    const packed: Record<string, unknown> = {};
    const keys = Object.keys(value);
    for (const key of keys.slice(0, LINE_EDGES_MAX)) this.#field(packed, value, key, depth);
    if (keys.length > LINE_EDGES_MAX) packed['...'] = `${keys.length - LINE_EDGES_MAX} items not stringified`;
    return packed;
  }

  #field(packed: Record<string, unknown>, value: object, key: string, depth: number): void {
    this.#left -= key.length;
    let field: unknown;
    try {
      field = this.pack((value as Record<string, unknown>)[key], depth + 1);
    } catch {
      field = '[Throws]';
    }
    // As a plain field, whatever it is called.
    Object.defineProperty(packed, key, { value: field, enumerable: true, configurable: true, writable: true });
  }

  #error(error: Error, depth: number): PackedError {
    const { name, message, stack, cause } = error;
    const fields = this.#fields(error, depth);
    if (cause !== undefined) fields.cause = this.pack(cause, depth + 1);
    if (error instanceof AggregateError) fields.errors = this.pack(error.errors, depth + 1);
    return {
      'troupe:error': {
        name: this.#cut(String(name)),
        type: this.#cut(String(error.constructor?.name ?? name)),
        message: this.#cut(String(message)),
        stack: this.#cut(String(stack)),
        fields,
      },
    };
  }

  #bytes(view: ArrayBufferView): unknown {
    if (view.byteLength > this.#left) return `[${view.byteLength} bytes]`;
    this.#left -= view.byteLength;
    return view;
  }

  #cut(text: string): string {
    const left = Math.max(0, this.#left);
    this.#left -= Math.min(left, text.length);
    return text.length <= left ? text : `${text.slice(0, left)}... [${text.length} characters]`;
  }
}
