/** The parts that one process of a cluster is built from: its ports to the world, its behaviours and its place. */
import type { Behaviour } from '../actor/behaviour.ts';
import type { KernelLimits } from '../actor/kernel.ts';
import type { Store } from '../store/store.ts';
import type { TurnJournal } from '../journal/turn-journal.ts';
import type { Log } from '../observe/log.ts';
import type { Spans } from '../observe/spans.ts';
import type { Trace } from '../observe/trace.ts';
import type { Clock } from '../vocabulary/clock.ts';
import type { ControlChannel, ToMaster, ToProcess } from '../wire/control.ts';
import type { MachineNetwork } from '../machine-links/machine-network.ts';
import type { LinkNetwork } from '../wire/link.ts';
import type { ProcessSystem } from '../system/process-system.ts';

export interface ClusterProcessOptions {
  system: string;
  self: { index: number; incarnation: number; role: string };
  clock: Clock;
  random: () => number;
  newKey?: () => string;
  /** Bytes, for the signs of life. Default: of this process. */
  memoryUsage?: () => { heapUsed: number; rss: number };
  log: Log;
  /** Default: to the log, what `TROUPE_TRACE` names. */
  trace?: Trace | undefined;
  /** Default: nobody traces. */
  spans?: Spans | undefined;
  limits: KernelLimits;
  behaviours: ReadonlyMap<string, Behaviour>;
  startedAt: number;
  /** Of durable actors. */
  store?: Store | undefined;
  /** Default: one in memory, where nobody has died before. */
  journal?: TurnJournal | undefined;
  durableInMemoryMax?: number | undefined;
  /** See `ProcessParts.isLeased`. */
  isLeased?: boolean | undefined;
  heartbeatMs: number;
  token: string;
  network: LinkNetwork;
  /** To the other machines of a cluster; undefined: this machine is alone. */
  machines?: MachineNetwork | undefined;
  control: ControlChannel<ToMaster, ToProcess>;
  /** Runs the user's `main` once the process is linked and placed. */
  main?: (system: ProcessSystem) => unknown;
  /** The master says that all is over. */
  exit: () => void;
  /** After a shutdown that was called here. */
  ended?: () => Promise<void>;
}
