/** Whether CPUs are short: for how long this process has wanted one and had none, and for how long some were idle. */
import { Buffer } from 'node:buffer';
import { openSync, readSync } from 'node:fs';
import { cpus } from 'node:os';

const NANOS_PER_MS = 1e6;
/** The unit of /proc/stat, the same on all of Linux that Node.js runs on. */
const MS_PER_TICK = 10;

/** Both in milliseconds, growing. */
export interface CpuSupply {
  /** Infinite where the kernel does not count it: then what is not idle counts as wanted by others. */
  waitedMs(): number;
  /** Of all CPUs together. */
  idleMs(): number;
}

export function cpuSupply(): CpuSupply {
  const waited = lineOf('/proc/self/schedstat');
  const total = lineOf('/proc/stat');
  return {
    // Time on a CPU, time waiting for one, slices: of the main thread.
    waitedMs: () => (waited ? Number(waited().split(' ')[1]) / NANOS_PER_MS : Number.POSITIVE_INFINITY),
    // cpu, two blanks, user, nice, system, idle …
    idleMs: () => (total ? Number(total().split(/ +/)[4]) * MS_PER_TICK : idleOf(cpus())),
  };
}

function idleOf(all: ReturnType<typeof cpus>): number {
  return all.reduce((sum, { times }) => sum + times.idle, 0);
}

/** Reads the beginning of a file that stays open; undefined where there is no such file. */
function lineOf(path: string): (() => string) | undefined {
  const text = Buffer.alloc(256);
  try {
    const file = openSync(path, 'r');
    return () => text.toString('latin1', 0, readSync(file, text, 0, text.length, 0));
  } catch {
    return undefined;
  }
}
