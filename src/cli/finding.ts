/** The shapes of the doctor: what it has seen, and what it finds in it. */
import type { TailedEvent } from '../gateway/event-tail.ts';
import type { ListedLetter } from '../gateway/system-calls.ts';
import type { BlockedLoop, Checkup } from '../observe/checkup.ts';
import type { SystemMetrics } from '../system/metrics.ts';
import type { WorkerInfo } from '../wire/control.ts';

/** They stay: scripts and alarms know findings by them. docs/operations.md says of each what it means. */
export type FindingId =
  | 'loop-blocked'
  | 'worker-silent'
  | 'worker-down'
  | 'worker-restarts'
  | 'actor-hot'
  | 'actor-restarts'
  | 'mailbox-growing'
  | 'placement-uneven'
  | 'dead-letters'
  | 'asks-timeout'
  | 'timers-late'
  | 'link-stalled'
  | 'store-filling'
  | 'memory-limit'
  | 'open-files'
  | 'cpu-quota'
  | 'machine-unreached'
  | 'machine-lost'
  | 'partitions-unowned'
  | 'partitions-uneven'
  | 'clock-rate'
  | 'database-silent'
  | 'database-unsafe'
  | 'database-slow'
  | 'database-impatient'
  | 'database-patient';

export interface Finding {
  readonly id: FindingId;
  /** The actor, worker, kind or reason that it is about. */
  readonly about: string;
  readonly evidence: string;
  readonly advice: string;
}

/** Two looks at a system, some seconds apart, and what happened between them. */
export interface Seen {
  readonly seconds: number;
  readonly before: Look;
  readonly after: Look;
  readonly workers: readonly WorkerInfo[];
  readonly events: readonly TailedEvent[];
  readonly letters: readonly ListedLetter[];
  /** Loops that gave no answer, in the order in which they were seen. */
  readonly blocked: readonly BlockedLoop[];
  readonly machine: Machine | undefined;
}

export interface Look {
  readonly metrics: SystemMetrics;
  readonly checkups: readonly Checkup[];
}

/** The machine of the system; known where that is this one. */
export interface Machine {
  readonly cpus: number;
  /** CPUs, with fractions; Infinity: none. */
  readonly quota: number;
  readonly files: readonly { readonly pid: number; readonly open: number; readonly max: number }[];
  /** Bytes: the least of the container's limit and the memory of the machine. */
  readonly memoryBytes: number;
  /** Of the file system with the dataDir; undefined where nothing is on disk. */
  readonly disk: { readonly path: string; readonly freeBytes: number; readonly totalBytes: number } | undefined;
}

/** The most frequent first. */
export function countBy<T>(items: readonly T[], keyOf: (item: T) => string): [string, number][] {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return [...counts].sort(([, one], [, other]) => other - one);
}

export function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}
