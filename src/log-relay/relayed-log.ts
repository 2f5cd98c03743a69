/**
 * The log of a worker where the program gave a logger of its own: lines go to the master, where that logger writes them.
 * So its levels, redaction, serializers, transports and files hold for all processes, and only one process writes.
 */
import type { Log } from '../observe/log.ts';
import { type LogLine, packValues } from './log-line.ts';

/** The levels of a logger, and the least that it writes. */
export interface LogLevels {
  values: Record<string, number>;
  level: string;
}

export type TakeLine = (line: LogLine) => void;

type Serializers = Record<string, (value: unknown) => unknown>;
interface Redaction {
  paths?: unknown[];
  censor?: unknown;
  remove?: unknown;
}
interface ChildOptions {
  level?: string;
  redact?: unknown;
  msgPrefix?: string;
  serializers?: Serializers;
}

/** `level` of what it gives may be set, as pino's; the children that have none of their own follow. */
export function relayedLog(levels: LogLevels, take: TakeLine): Log {
  const parts = { levels, take, children: [], serializers: {}, parent: { level: levels.level }, level: undefined };
  return new (logClass(levels))(parts) as unknown as Log;
}

interface Parts {
  readonly levels: LogLevels;
  readonly take: TakeLine;
  readonly children: LogLine['children'];
  readonly serializers: Serializers;
  readonly parent: { readonly level: string };
  readonly level: string | undefined;
}

class RelayedLog {
  readonly #parts: Parts;
  #children: LogLine['children'];
  /** Undefined: that of its parent. */
  #level: string | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#children = parts.children;
    this.#level = parts.level;
  }

  get level(): string {
    return this.#level ?? this.#parts.parent.level;
  }

  set level(level: string) {
    this.#level = level;
  }

  isLevelEnabled(level: string): boolean {
    const { levels } = this.#parts;
    const value = rankOf(levels, level);
    return value !== Number.POSITIVE_INFINITY && value >= rankOf(levels, this.level);
  }

  child(bindings: object, options: ChildOptions = {}): RelayedLog {
    const { serializers } = this.#parts;
    const own = { ...serializers, ...options.serializers };
    const plain = plainOptions(options);
    const [packed] = packValues([serialized(bindings, own)]).values as [object];
    const child: [object, object?] = plain === undefined ? [packed] : [packed, plain];
    const Same = this.constructor as new (parts: Parts) => RelayedLog;
    return new Same({
      ...this.#parts,
      ...{ children: [...this.#children, child], serializers: own, parent: this, level: options.level },
    });
  }

  bindings(): object {
    return Object.assign({}, ...this.#children.map(([bindings]) => bindings));
  }

  /** On its own lines, from now on. */
  setBindings(bindings: object): void {
    const [packed] = packValues([serialized(bindings, this.#parts.serializers)]).values as [object];
    this.#children = [...this.#children, [packed]];
  }

  /** Nothing waits here; what was written is on its way. */
  flush(done?: () => void): void {
    done?.();
  }

  write(level: string, values: unknown[]): void {
    if (!this.isLevelEnabled(level)) return;
    const { serializers, take } = this.#parts;
    const [first, ...rest] = values;
    take({ level, children: this.#children, ...packValues([serialized(first, serializers), ...rest]) });
  }
}

/** The options that the master's child is made with; serializers are functions, and stay here. Every path of a redaction counts. */
function plainOptions({ level, redact, msgPrefix }: ChildOptions): object | undefined {
  if (level === undefined && redact === undefined && msgPrefix === undefined) return undefined;
  const { paths, censor, remove } = (Array.isArray(redact) ? { paths: redact } : (redact ?? {})) as Redaction;
  return {
    ...(level !== undefined && { level: String(level) }),
    ...(msgPrefix !== undefined && { msgPrefix: String(msgPrefix) }),
    ...(paths && {
      redact: {
        paths: paths.map(String),
        ...(typeof censor === 'string' && { censor }),
        ...(remove === true && { remove }),
      },
    }),
  };
}

/** With a method for each level that the program's logger knows, its own included. */
function logClass({ values }: LogLevels): new (parts: Parts) => RelayedLog {
  class LogOfLevels extends RelayedLog {}
  for (const level of [...Object.keys(values), 'silent']) {
    const write =
      level === 'silent'
        ? () => {}
        : function (this: RelayedLog, ...of: unknown[]): void {
            this.write(level, of);
          };
    Object.defineProperty(LogOfLevels.prototype, level, { value: write, configurable: true, writable: true });
  }
  return LogOfLevels;
}

/** Of `silent`, and of what the logger does not know, nothing is written. */
function rankOf({ values }: LogLevels, level: string): number {
  return Object.hasOwn(values, level) ? (values[level] as number) : Number.POSITIVE_INFINITY;
}

/** By the serializers of the worker's own children, which see the real values. */
function serialized(fields: unknown, serializers: Serializers): unknown {
  if (typeof fields !== 'object' || fields === null || fields instanceof Error) return fields;
  const own = Object.entries(serializers).filter(([key]) => Object.hasOwn(fields, key));
  if (own.length === 0) return fields;
  return { ...fields, ...Object.fromEntries(own.map(([key, serialize]) => [key, apply(serialize, fields, key)])) };
}

function apply(serialize: (value: unknown) => unknown, fields: object, key: string): unknown {
  try {
    return serialize((fields as Record<string, unknown>)[key]);
  } catch (error) {
    return `[Throws: ${String((error as Error | undefined)?.message)}]`;
  }
}
