/** Findings about the machine: what it has left for the system. Only for a doctor that runs on it. Pure. */
import type { Finding, Seen } from './finding.ts';
import { bytes } from '../cli-ground/output.ts';

/** The part of its limit of open files, and of the memory there is, that may be used. */
export const FILES_SHARE = 0.8;
export const MEMORY_SHARE = 0.85;
/** Bytes that are to be free where the store is; with more than that, also a share of all. */
export const DISK_FREE_MIN: number = 1024 * 1024 * 1024;
export const DISK_FREE_WELL: number = 10 * DISK_FREE_MIN;
export const DISK_FREE_SHARE = 0.05;

export function fillingStore({ machine }: Seen): Finding[] {
  if (machine?.disk === undefined) return [];
  const { path, freeBytes, totalBytes } = machine.disk;
  const isLow = freeBytes < DISK_FREE_WELL && freeBytes < totalBytes * DISK_FREE_SHARE;
  if (freeBytes >= DISK_FREE_MIN && !isLow) return [];
  return [
    {
      id: 'store-filling',
      about: path,
      evidence: `${bytes(freeBytes)} of ${bytes(totalBytes)} are free where the store is (${path})`,
      advice:
        'a commit that finds no room fails with STORE_FAILED, and nothing of it happens: make room, or move the dataDir (troupe backup, troupe restore); old dead letters go by troupe dead-letters --discard',
    },
  ];
}

export function memory({ machine, after }: Seen): Finding[] {
  if (machine === undefined) return [];
  const used = after.metrics.workers.reduce((sum, { rssBytes }) => sum + (rssBytes ?? 0), 0);
  if (used < machine.memoryBytes * MEMORY_SHARE) return [];
  const most = after.metrics.workers.reduce((one, other) => (other.rssBytes > one.rssBytes ? other : one));
  return [
    {
      id: 'memory-limit',
      about: `pid ${most.pid}`,
      evidence: `all processes have ${bytes(used)} resident, and the limit of the container or machine is ${bytes(machine.memoryBytes)}; worker ${most.worker} has the most (${bytes(most.rssBytes)})`,
      advice:
        'beyond it the kernel kills a process: have fewer workers, raise the limit, let actors passivate (passivateAfterMs), or give less to queues (memory)',
    },
  ];
}

export function openFiles({ machine }: Seen): Finding[] {
  return (machine?.files ?? [])
    .filter(({ open, max }) => open > max * FILES_SHARE)
    .map(({ pid, open, max }) => ({
      id: 'open-files',
      about: `pid ${pid}`,
      evidence: `pid ${pid} has ${open} files open, and its limit is ${max}`,
      advice: 'raise it: ulimit -n, LimitNOFILE= of systemd, or --ulimit nofile of Docker',
    }));
}

export function cpus({ machine, workers }: Seen): Finding[] {
  if (machine === undefined) return [];
  const most = Math.max(1, Math.floor(Math.min(machine.quota, machine.cpus)));
  if (workers.length <= most) return [];
  const supply = machine.quota < machine.cpus ? `a CPU quota of ${machine.quota}` : `${machine.cpus} CPUs`;
  return [
    {
      id: 'cpu-quota',
      about: `${workers.length} workers`,
      evidence: `${workers.length} workers share ${supply}`,
      advice: `have ${most}: leave workers out of the options, or troupe drain the others; more of them wait for each other`,
    },
  ];
}
