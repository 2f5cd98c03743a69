/** The master's end of the workers' log lines: gives each to the logger of the program. */
import { LOG_LEVELS, type Log } from '../observe/log.ts';
import { type LogLine, unpackValue } from './log-line.ts';
import type { LogLevels } from './relayed-log.ts';

/** pino's values of the levels that every logger has. */
const VALUES: Record<string, number> = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60 };

/** The settings of the logger that a worker has to know. */
export function levelsOf(log: Log): LogLevels {
  const { level, levels } = log as { level?: unknown; levels?: { values?: Record<string, number> } };
  const values = levels?.values ?? Object.fromEntries(Object.entries(VALUES).filter(([name]) => isMethod(log, name)));
  const isKnown = typeof level === 'string' && (level === 'silent' || Object.hasOwn(values, level));
  const ranks = isKnown ? ranksIn(log, values, level) : undefined;
  if (isKnown && ranks) return { values: ranks, level };
  // One that names no level, or has a rule of its own for them, decides for itself about each line.
  const lowest = Object.keys(values).sort((a, b) => (values[a] as number) - (values[b] as number))[0];
  return { values: { ...values }, level: lowest ?? 'silent' };
}

/** Higher for what is more likely to be written; undefined where the levels have no such order. pino's may run the other way round. */
function ranksIn(log: Log, values: Record<string, number>, level: string): Record<string, number> | undefined {
  const { isLevelEnabled } = log as { isLevelEnabled?: unknown };
  if (typeof isLevelEnabled !== 'function') return { ...values };
  const isRight = (ranks: Record<string, number>): boolean => {
    const least = ranks[level] ?? Number.POSITIVE_INFINITY;
    return Object.entries(ranks).every(([name, rank]) => isLevelEnabled.call(log, name) === rank >= least);
  };
  const reversed = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, -value]));
  return [{ ...values }, reversed].find(isRight);
}

/** Gives lines of a worker to the logger. A logger that throws costs that line, and a warning of the process. */
export function logRelay(log: Log, system: string): (worker: number, line: LogLine) => void {
  const ofWorkers = new Map<number, Log>();
  return (worker, line) => {
    try {
      const own = ofWorkers.get(worker) ?? log.child({ system, worker });
      ofWorkers.set(worker, own);
      write(own, line);
    } catch (error) {
      process.emitWarning(
        `the logger threw at a line of worker ${worker}: ${String((error as Error | null)?.message)}`,
      );
    }
  };
}

function write(log: Log, { level, children, values }: LogLine): void {
  let target: Log = log;
  for (const [bindings, options] of children) {
    const child = target.child as (bindings: Record<string, unknown>, options?: object) => Log;
    target = child.call(target, unpackValue(bindings) as Record<string, unknown>, options);
  }
  const method = (target as unknown as Record<string, (...values: unknown[]) => void>)[level];
  method?.apply(target, values.map(unpackValue));
}

function isMethod(log: Log, name: string): boolean {
  return LOG_LEVELS.includes(name) && typeof (log as unknown as Record<string, unknown>)[name] === 'function';
}
