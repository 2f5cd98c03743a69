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

export function relayedLog(levels: LogLevels, take: TakeLine): Log {
  return new (logClass(levels))({ levels, take, children: [], serializers: {}, level: levels.level }) as unknown as Log;
}

interface Parts {
  readonly levels: LogLevels;
  readonly take: TakeLine;
  readonly children: LogLine['children'];
  readonly serializers: Serializers;
  readonly level: string;
}

class RelayedLog {
  readonly #parts: Parts;
  /** May be set, as pino's. */
  level: string;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.level = parts.level;
  }

  isLevelEnabled(level: string): boolean {
    const { levels } = this.#parts;
    const value = rankOf(levels, level);
    return value !== Number.POSITIVE_INFINITY && value >= rankOf(levels, this.level);
  }

  child(bindings: object, options: ChildOptions = {}): RelayedLog {
    const { children, serializers } = this.#parts;
    const own = { ...serializers, ...options.serializers };
    const plain = plainOptions(options);
    const [packed] = packValues([serialized(bindings, own)]).values as [object];
    const child: [object, object?] = plain === undefined ? [packed] : [packed, plain];
    const Same = this.constructor as new (parts: Parts) => RelayedLog;
    return new Same({
      ...this.#parts,
      ...{ children: [...children, child], serializers: own, level: options.level ?? this.level },
    });
  }

  bindings(): object {
    return Object.assign({}, ...this.#parts.children.map(([bindings]) => bindings));
  }

  /** Nothing waits here; what was written is on its way. */
  flush(done?: () => void): void {
    done?.();
  }

  write(level: string, values: unknown[]): void {
    if (!this.isLevelEnabled(level)) return;
    const { children, serializers, take } = this.#parts;
    const [first, ...rest] = values;
    take({ level, children, ...packValues([serialized(first, serializers), ...rest]) });
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
