/** The order that each worker of a system boots by, from the options of the system. */
import type { SharedStorage } from '../data-dir/shared-storage.ts';
import { levelsOf } from '../log-relay/log-relay.ts';
import type { ResolvedOptions } from '../options.ts';
import type { BootOrder } from '../wire/control.ts';
import type { MachineOptions, WorkerOptions } from '../worker/worker-options.ts';
import { processesOf } from './process-limits.ts';

/** The part of it that only this system's start knows. */
type BootSeed = Pick<BootOrder, 'socketDir' | 'token' | 'startedAt' | 'heartbeatMs' | 'isLeased'>;

export function bootOrderOf(
  options: ResolvedOptions,
  seed: BootSeed,
  storage: SharedStorage | undefined,
  machine: MachineOptions | undefined,
): Omit<BootOrder, 'type' | 'self'> {
  const { name: system, actors, main } = options;
  return {
    ...{ ...seed, system, actors: actors as string },
    options: workerOptionsOf(options, storage, machine),
    ...(main && { main }),
  };
}

export function workerOptionsOf(
  options: ResolvedOptions,
  storage: SharedStorage | undefined,
  machine: MachineOptions | undefined,
): WorkerOptions {
  const {
    durableInMemoryMax,
    pollMicros,
    askTimeoutMs,
    messageBytesMax,
    checkMessages,
    memory,
    groups,
    history,
    trace,
  } = options;
  return {
    ...{ askTimeoutMs, messageBytesMax, checkMessages, pollMicros, durableInMemoryMax, trace },
    ...(memory !== undefined && { memory }),
    ...(history !== undefined && { history }),
    processes: processesOf(groups),
    log: typeof options.log === 'string' ? options.log : levelsOf(options.log),
    ...(machine && { machine }),
    ...(storage && {
      storePath: storage.path,
      gathersCommits: storage.gathersCommits,
      journals: storage.journals,
    }),
  };
}
