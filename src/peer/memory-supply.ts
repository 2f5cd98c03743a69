/** How much memory the queues of a process may hold together, where its options do not say: of the heap, and of the container. */
import { totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';

/** The queues take so much of what the process has: the rest is for states, for what runs, and for the collector. */
const QUEUES_SHARE = 4;
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

/** Without a limit Node.js says 0, or a number beyond all memory. */
function sharedBytes(): number {
  const total = totalmem();
  const limit = (process as { constrainedMemory?: () => number }).constrainedMemory?.() ?? 0;
  return limit > 0 ? Math.min(limit, total) : total;
}
