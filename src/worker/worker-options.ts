import type { HistoryOptions } from '../observe/turn-history.ts';
import type { TraceMode } from '../tracing/find-spans.ts';
import type { MachineCredentials } from '../machine-links/machine-network.ts';
import type { LogLevels } from '../log-relay/relayed-log.ts';

/** By which a worker links to other machines. */
export interface MachineOptions {
  cluster: string;
  credentials: MachineCredentials;
  /** Milliseconds. */
  silentMs: number;
}

/** The plain part of the system's options, as a worker gets them. */
export interface WorkerOptions {
  askTimeoutMs: number;
  messageBytesMax: number;
  checkMessages: boolean;
  pollMicros: number;
  /** Bytes that all queues of a process may hold; undefined: each sees to its own. */
  memory?: number;
  /** Turns to keep of each actor. */
  history?: HistoryOptions;
  /** Of the system, which share the memory of the machine or container. */
  processes: number;
  /** Durable actors in memory, at most, per worker. */
  durableInMemoryMax: number;
  /** Where the owner of the store listens; undefined where no kind is durable. */
  storePath?: string;
  /** See `Store`. */
  gathersCommits?: boolean;
  /** The folder of turn journals; undefined likewise. */
  journals?: string;
  /** The cluster that its machine is one of. */
  machine?: MachineOptions;
  /** Level of a logger of the worker's own, or what it has to know of the program's, to which its lines go. */
  log: string | LogLevels;
  /** Whether it traces. */
  trace: TraceMode;
}
