/** The parts that a master is built from: its ports to the world, and the options that are its own. */
import type { Log } from '../observe/log.ts';
import type { Elsewhere } from '../placement/rebalance.ts';
import type { SupervisionPolicy } from '../supervision/supervision-options.ts';
import type { Clock } from '../vocabulary/clock.ts';
import type { MachinePlaces } from '../vocabulary/host-index.ts';
import type { Pause } from '../vocabulary/pause.ts';
import type { BootOrder, ControlChannel, KindTerms, ToMaster, ToProcess } from '../wire/control.ts';
import type { WorkerHost } from '../worker-pool/worker-host.ts';
import type { KeepPauses, PausesOfAll } from './pause-service.ts';
import type { RequestsParts } from './requests.ts';

export interface MasterOptions {
  readonly host: WorkerHost;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly policy: SupervisionPolicy;
  readonly hangMs: number;
  readonly shutdownMs: number;
  readonly groups: readonly { role: string; count: number }[];
  readonly kinds: ReadonlyMap<string, KindTerms>;
  /** The order that every worker boots by; `self` is filled in. */
  readonly boot: Omit<BootOrder, 'type' | 'self'>;
  /** All workers are given up, and nothing has come of it for a while. */
  readonly allGivenUp?: () => void;
  /** A shutdown begins. */
  readonly ending?: () => void;
  /** A reload has brought the first durable kind. Resolves with the changes to the boot orders of workers that come from now on. */
  readonly openStore?: () => Promise<Pick<BootOrder, 'options' | 'startedAt'>>;
  /** See `RequestsParts.lookIntoLoop`. */
  readonly lookIntoLoop?: RequestsParts['lookIntoLoop'];
  /** See `RequestsParts.checkCluster`. */
  readonly checkCluster?: RequestsParts['checkCluster'];
  /** See `RequestsParts.want`. */
  readonly want?: RequestsParts['want'];
  /** Those that hold from the beginning, and who keeps them. */
  readonly pauses?: { readonly first: readonly Pause[]; readonly keep: KeepPauses };
  /** Of a cluster: the pauses of the whole system, in place of those. */
  readonly pausesOfAll?: PausesOfAll;
  /** Beyond it the incarnations of all processes count: one for each start of a machine of a cluster. Default 0. */
  readonly incarnationsFrom?: number;
  /** Of a cluster: the shards that other machines host. */
  readonly elsewhere?: Elsewhere;
  /** Another machine has a newer table of partitions than this one. */
  readonly outdated?: () => void;
  /** The states of these partitions of another machine lie in this one. */
  readonly stateArrived?: (machine: string, partitions: readonly number[]) => void;
  /** Another machine has said which of its workers hosts what. */
  readonly placesTold?: (machine: string, places: MachinePlaces) => void;
  /** Of a shutdown, before its actors are stopped: other machines get what is here. */
  readonly leave?: (withinMs: number) => Promise<void>;
  /** The master's own data plane. */
  readonly peer: { readonly channel: ControlChannel<ToProcess, ToMaster>; readonly path: string };
}
