/** Numbers of one process, and how those of all are added up. */
import type { KindCounters } from '../actor/behaviour.ts';
import type { Kernel } from '../actor/kernel.ts';
import type { LocalActors } from '../actor/local-actors.ts';

export interface ProcessMetrics {
  worker: number;
  role: string;
  pid: number;
  /** Actors in memory, and messages that wait in their mailboxes. */
  actors: number;
  mailbox: number;
  /** Asks under way that were made here. */
  pendingAsks: number;
  deadLetters: number;
  heapBytes: number;
  rssBytes: number;
  kinds: Record<string, KindCounters>;
}

export interface SystemMetrics {
  actors: number;
  mailbox: number;
  pendingAsks: number;
  deadLetters: number;
  messages: number;
  failures: number;
  kinds: Record<string, KindCounters>;
  workers: ProcessMetrics[];
}

export function processMetrics(kernel: Kernel, actors: LocalActors, role: string): ProcessMetrics {
  const memory = process.memoryUsage();
  const kinds: Record<string, KindCounters> = {};
  for (const [kind, { counters }] of kernel.behaviours) kinds[kind] = { ...counters };
  return {
    worker: kernel.worker,
    role,
    pid: process.pid,
    actors: actors.size,
    mailbox: actors.waiting,
    pendingAsks: kernel.pending.size,
    deadLetters: kernel.deadLetters.count,
    heapBytes: memory.heapUsed,
    rssBytes: memory.rss,
    kinds,
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
    kinds: {},
    workers,
  };
  for (const process of workers) {
    sum.actors += process.actors;
    sum.mailbox += process.mailbox;
    sum.pendingAsks += process.pendingAsks;
    sum.deadLetters += process.deadLetters;
    for (const [kind, counters] of Object.entries(process.kinds)) {
      const all = (sum.kinds[kind] ??= { activations: 0, messages: 0, failures: 0 });
      all.activations += counters.activations;
      all.messages += counters.messages;
      all.failures += counters.failures;
      sum.messages += counters.messages;
      sum.failures += counters.failures;
    }
  }
  return sum;
}
