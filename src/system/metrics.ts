/** Numbers of one process, and how those of all are added up. */
import type { KindCounters } from '../actor/behaviour.ts';
import type { LocalActors } from '../actor/local-actors.ts';
import type { CommitMetrics } from '../commit/committer.ts';
import type { ClientMetrics } from '../observe/client-metrics.ts';
import type { LoopMetrics, LoopWatch } from '../observe/loop-watch.ts';
import type { GatewayMetrics } from '../observe/outside-gateways.ts';

/** Counts of one process, since it began where nothing else is said. */
export interface ProcessMetrics {
  /** Bytes in all its queues now, about; see the option `memory`. */
  queueBytes: number;
  /** Dead letters by their reason. */
  deadLettersBy: Record<string, number>;
  /** Milliseconds of processor time, of the whole process. */
  cpuMs: number;
  /** Its event loop. */
  loop: LoopMetrics;
  /** Its commits; undefined where no kind is durable. */
  commits: CommitMetrics | undefined;
  /** Index of the worker; 0 is the master. */
  worker: number;
  /** Role of the worker; `master` in the master. */
  role: string;
  /** Process id of the operating system. */
  pid: number;
  /** Actors in memory now. */
  actors: number;
  /** Messages that wait in mailboxes now. */
  mailbox: number;
  /** Asks in flight now that were made here. */
  pendingAsks: number;
  /** Messages that became dead letters. */
  deadLetters: number;
  /** Bytes of heap in use now. */
  heapBytes: number;
  /** Bytes of resident memory now. */
  rssBytes: number;
  /** By kind. */
  kinds: Record<string, KindCounters>;
  /** Of clients; undefined where this process serves none. */
  clients?: ClientMetrics | undefined;
  /** Its connections to brokers. */
  gateways: GatewayMetrics[];
}

/** Counts of the whole system: those of its present processes, added up. */
export interface SystemMetrics {
  /** Bytes in all queues now, about. */
  queueBytes: number;
  /** Dead letters by their reason. */
  deadLettersBy: Record<string, number>;
  /** Actors that were started again after a failure. */
  restarts: number;
  /** Actors in memory now. */
  actors: number;
  /** Messages that wait in mailboxes now. */
  mailbox: number;
  /** Asks in flight now. */
  pendingAsks: number;
  /** Messages that became dead letters. */
  deadLetters: number;
  /** Messages whose handler ran. */
  messages: number;
  /** Messages whose handler threw. */
  failures: number;
  /** By kind. */
  kinds: Record<string, KindCounters>;
  /** Of clients; undefined where nobody may come in (`listen`, `controlSocket`). */
  clients: ClientMetrics | undefined;
  /** Connections to brokers, of all processes. */
  gateways: GatewayMetrics[];
  /** By process, the master among them. */
  workers: ProcessMetrics[];
}

/** Parts of a process that have figures of their own. */
export interface Measured {
  readonly loop: LoopWatch;
  readonly commits: CommitMetrics | undefined;
}

export function processMetrics(
  { kernel, size, waiting }: LocalActors,
  role: string,
  { loop, commits }: Measured,
): ProcessMetrics {
  const memory = process.memoryUsage();
  const cpu = process.cpuUsage();
  const kinds: Record<string, KindCounters> = {};
  for (const [kind, { counters }] of kernel.behaviours) kinds[kind] = { ...counters };
  return {
    worker: kernel.worker,
    role,
    pid: process.pid,
    actors: size,
    mailbox: waiting,
    pendingAsks: kernel.pending.size,
    deadLetters: kernel.deadLetters.count,
    queueBytes: kernel.memory.bytes,
    deadLettersBy: Object.fromEntries(kernel.deadLetters.byReason),
    cpuMs: (cpu.user + cpu.system) / 1_000,
    loop: loop.look(),
    commits,
    heapBytes: memory.heapUsed,
    rssBytes: memory.rss,
    kinds,
    clients: kernel.clients?.(),
    gateways: kernel.gateways.metrics(),
  };
}

export function systemMetrics(workers: ProcessMetrics[]): SystemMetrics {
  const sum: SystemMetrics = {
    actors: 0,
    mailbox: 0,
    pendingAsks: 0,
    deadLetters: 0,
    messages: 0,
    failures: 0,
    queueBytes: 0,
    deadLettersBy: {},
    restarts: 0,
    kinds: {},
    clients: undefined,
    gateways: workers.flatMap(({ gateways }) => gateways),
    workers,
  };
  for (const process of workers) {
    sum.actors += process.actors;
    sum.mailbox += process.mailbox;
    sum.pendingAsks += process.pendingAsks;
    sum.deadLetters += process.deadLetters;
    sum.queueBytes += process.queueBytes;
    for (const [reason, count] of Object.entries(process.deadLettersBy))
      sum.deadLettersBy[reason] = (sum.deadLettersBy[reason] ?? 0) + count;
    // One process serves them all.
    sum.clients ??= process.clients;
    for (const [kind, counters] of Object.entries(process.kinds)) {
      const all = (sum.kinds[kind] ??= { activations: 0, messages: 0, failures: 0, restarts: 0 });
      all.activations += counters.activations;
      all.messages += counters.messages;
      all.failures += counters.failures;
      sum.messages += counters.messages;
      sum.failures += counters.failures;
      all.restarts += counters.restarts;
      sum.restarts += counters.restarts;
    }
  }
  return sum;
}
