/** Numbers of one process, and how those of all are added up. */
import type { KindCounters } from '../actor/behaviour.ts';
import type { LocalActors } from '../actor/local-actors.ts';
import type { CommitMetrics } from '../commit/committer.ts';
import { type ClientMetrics, withDirect } from '../observe/client-metrics.ts';
import type { GcMetrics } from '../observe/gc-watch.ts';
import type { HandoffMetrics } from '../observe/handoff-metrics.ts';
import type { LinkMetrics } from '../observe/link-metrics.ts';
import type { LoopMetrics, LoopWatch } from '../observe/loop-watch.ts';
import type { GatewayMetrics } from '../observe/outside-gateways.ts';
import { mergeTimings, type Timing } from '../observe/timing.ts';
import type { Pause } from '../vocabulary/pause.ts';

/** Counts and times of one kind. Times are measured from the first `metrics()` on, until a minute after the last one. */
export interface KindMetrics extends KindCounters {
  /** From the call of a handler to its end, in milliseconds; undefined: nothing was measured yet. */
  handlingMs: Timing | undefined;
  /** From a message's arrival in the mailbox to the call of its handler, in milliseconds; undefined: nothing was measured yet. */
  waitMs: Timing | undefined;
}

/** Counts of one process, since it began where nothing else is said. */
export interface ProcessMetrics {
  /** Bytes in all its queues now, about; see the option `memory`. */
  queueBytes: number;
  /** Dead letters by their reason. */
  deadLettersBy: Record<string, number>;
  /** Milliseconds of processor time, of the whole process. */
  cpuMs: number;
  /** Asks made here that timed out, by the kind that was asked. */
  asksTimedOutBy: Record<string, number>;
  /** Garbage collections; undefined at the first look, after which they are counted for a minute. */
  gc: GcMetrics | undefined;
  /** Its links to the other processes. */
  links: LinkMetrics[];
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
  kinds: Record<string, KindMetrics>;
  /** Of clients; undefined where none come to this process. Of a worker: those at its socket, where they ask without the process that serves them. */
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
  /** Asks that timed out, by the kind that was asked. */
  asksTimedOutBy: Record<string, number>;
  /** Patterns that are paused, or resumed at a rate. */
  pauses: Pause[];
  /** Moves of actors between workers; undefined with `workers: 0`. */
  handoffs: HandoffMetrics | undefined;
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
  kinds: Record<string, KindMetrics>;
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
  readonly links: LinkMetrics[];
}

export function processMetrics(
  { kernel, size, waiting }: LocalActors,
  role: string,
  { loop, commits, links }: Measured,
): ProcessMetrics {
  const memory = process.memoryUsage();
  const cpu = process.cpuUsage();
  kernel.timing?.look();
  const kinds: Record<string, KindMetrics> = {};
  for (const [kind, { counters }] of kernel.behaviours)
    kinds[kind] = { ...counters, handlingMs: undefined, waitMs: undefined, ...kernel.timing?.of(kind) };
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
    asksTimedOutBy: Object.fromEntries(kernel.pending.timedOutBy),
    loop: loop.look(),
    gc: loop.gc,
    commits,
    links,
    heapBytes: memory.heapUsed,
    rssBytes: memory.rss,
    kinds,
    clients: kernel.clients?.(),
    gateways: kernel.gateways.metrics(),
  };
}

export function systemMetrics(
  workers: ProcessMetrics[],
  pauses: readonly Pause[] = [],
  handoffs?: HandoffMetrics,
): SystemMetrics {
  const sum: SystemMetrics = {
    actors: 0,
    mailbox: 0,
    pendingAsks: 0,
    deadLetters: 0,
    messages: 0,
    failures: 0,
    queueBytes: 0,
    deadLettersBy: {},
    asksTimedOutBy: {},
    handoffs,
    pauses: [...pauses],
    restarts: 0,
    kinds: {},
    clients: clientsOf(workers),
    gateways: workers.flatMap(({ gateways }) => gateways),
    workers,
  };
  for (const process of workers) {
    sum.actors += process.actors;
    sum.mailbox += process.mailbox;
    sum.pendingAsks += process.pendingAsks;
    sum.deadLetters += process.deadLetters;
    sum.queueBytes += process.queueBytes;
    addCounts(sum.deadLettersBy, process.deadLettersBy);
    addCounts(sum.asksTimedOutBy, process.asksTimedOutBy);
  }
  for (const kind of new Set(workers.flatMap(({ kinds }) => Object.keys(kinds)))) {
    const all = kindMetrics(workers.flatMap(({ kinds }) => kinds[kind] ?? []));
    sum.kinds[kind] = all;
    sum.messages += all.messages;
    sum.failures += all.failures;
    sum.restarts += all.restarts;
  }
  return sum;
}

/** Process 0 serves them all; undefined where it lets nobody in, or does not answer. */
function clientsOf(processes: readonly ProcessMetrics[]): ClientMetrics | undefined {
  const served = processes.find(({ worker }) => worker === 0)?.clients;
  return (
    served &&
    withDirect(
      served,
      processes.flatMap(({ worker, clients }) => (worker === 0 || !clients ? [] : [clients])),
    )
  );
}

function addCounts(to: Record<string, number>, counts: Record<string, number>): void {
  for (const [name, count] of Object.entries(counts)) to[name] = (to[name] ?? 0) + count;
}

/** Of one kind in all processes. */
function kindMetrics(all: readonly KindMetrics[]): KindMetrics {
  const sum: KindCounters = { activations: 0, messages: 0, failures: 0, restarts: 0 };
  for (const one of all) {
    sum.activations += one.activations;
    sum.messages += one.messages;
    sum.failures += one.failures;
    sum.restarts += one.restarts;
  }
  return {
    ...sum,
    handlingMs: mergeTimings(all.map(({ handlingMs }) => handlingMs)),
    waitMs: mergeTimings(all.map(({ waitMs }) => waitMs)),
  };
}
