/** How much memory the queues of a process may hold together, where its options do not say: of the heap, and of the container. */
import os, { totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import { cpuQuota, memoryLimit } from '../vocabulary/container-limits.ts';

/** The queues take so much of what the process has: the rest is for states, for what runs, and for the collector. */
const QUEUES_SHARE = 4;
/** Durable actors in memory take so much of it, each with its buffers and a state of some kB. */
const ACTORS_SHARE = 2;
const ACTOR_BYTES = 8 * 1024;
/** Bytes that a process takes before its first actor, and some room for these. */
const PROCESS_BYTES = 128 * 1024 * 1024;
/** Bytes: the least, whatever the supply. */
export const MEMORY_BYTES_MIN: number = 1024 * 1024;

export interface MemorySupply {
  /** Bytes that the heap of this process may grow to. */
  heapBytesMax: number;
  /** Bytes of the machine, or of the container where that has less; all processes of the system share them. */
  sharedBytes: number;
}

export function memorySupply(): MemorySupply {
  return { heapBytesMax: getHeapStatistics().heap_size_limit, sharedBytes: sharedBytes() };
}

/** Bytes of heavy messages lie beside the heap, so the container counts as well, divided among its processes. */
export function queueBytesOf({ heapBytesMax, sharedBytes }: MemorySupply, processes: number): number {
  const bytes = Math.min(heapBytesMax, sharedBytes / processes) / QUEUES_SHARE;
  return Math.max(MEMORY_BYTES_MIN, Math.floor(bytes));
}

/** Durable actors of one process that find room in memory. */
export function durableActorsOf({ heapBytesMax, sharedBytes }: MemorySupply, processes: number): number {
  return Math.max(1, Math.floor(Math.min(heapBytesMax, sharedBytes / processes) / ACTORS_SHARE / ACTOR_BYTES));
}

/** Workers that find room beside the master, at least one. */
export function workersInMemory(bytes: number = sharedBytes()): number {
  return Math.max(1, Math.floor(bytes / PROCESS_BYTES) - 1);
}

/** `cpus`: that the process sees; `quota`: of them, that its container leaves to it; `fitting`: that find room in memory. */
export function workersByDefault(
  cpus: number = os.availableParallelism(),
  quota: number = cpuQuota(),
  fitting: number = workersInMemory(),
): number {
  return Math.max(1, Math.min(cpus, Math.floor(quota), fitting));
}

function sharedBytes(): number {
  return Math.min(memoryLimit(), totalmem());
}
