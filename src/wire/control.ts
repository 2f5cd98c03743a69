/**
 * The control plane: what the master and the processes of a system say to each other, over the channel that
 * `node:cluster` opens. Small, few and strictly ordered; each side handles one message after the other.
 *
 * The life of a process:   hello → boot → listening → welcome → linked → (table) → go → ready → … → drain → … → exit
 * A hand-off (see placement/handoff.ts): [prepare → prepared | refused →] hold → installed | refused → table that commits the move.
 * The master's own data-plane peer (index 0) speaks the same protocol over a channel in memory.
 */
import type { HandoffMetrics } from '../observe/handoff-metrics.ts';
import type { LogLine } from '../log-relay/log-line.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { ErrorData } from '../vocabulary/errors.ts';
import type { EventName } from '../vocabulary/events.ts';
import type { ForeignWorker, MachinePlaces } from '../vocabulary/host-index.ts';
import type { MachineInfo } from '../observe/machine-info.ts';
import type { Pause } from '../vocabulary/pause.ts';
import type { Look, LostSource, ProcessQuery } from './process-query.ts';

/** One process of the system. `incarnation` counts the forks of the same index, from 1. */
export interface ProcessInfo {
  index: number;
  incarnation: number;
  role: string;
  pid: number;
}

export interface PeerInfo extends ProcessInfo {
  /** Where its link server listens. */
  path: string;
  /** By which the system knows the process; default: by its index and incarnation. */
  address?: ActorId;
}

/** A placement unit: the id of a pinned actor, or a shard of one role's column (`shardUnit`). */
export type Unit = string;

/** One worker's number in a column or pin; NOWHERE: no living worker can host it, mail is held. */
export const NOWHERE = -1;

/** Another machine of the cluster. */
export interface ForeignMachine {
  /** By which the table of this machine names it. */
  index: number;
  machine: string;
  /** Of its master's links, `host:port`. */
  address: string;
  /** Those of its workers that the table names. */
  workers: readonly ForeignWorker[];
}

/** The machines of a cluster as the columns of a table take them. */
export interface MachinesView {
  /** Of the cluster's table of partitions. */
  epoch: number;
  /** This machine. */
  self: string;
  /** All of them: one that is not here any more is given up. */
  others: ForeignMachine[];
  /** The epoch of each partition that this machine has, by its shard; 0 for the others. */
  epochs: number[];
  /** All machines of the directory, this one too. */
  members: MachineInfo[];
  /** Partitions whose mail waits in every process of this machine: they are about to leave it, or what lives in them is on its way here. */
  held: number[];
  /** Partitions whose owner has them with all that lived there. */
  live: number[];
  /** Arrivals up to this number are complete: what they brought goes on here. */
  arrived: number;
  /** Partitions that were lost while the last of these was on its way: of them it has brought nothing that goes on here. */
  lostArriving: number[];
  /** By which this one shows who it is; with the first view, and where they are new. */
  credentials?: unknown;
}

/** Partitions that this machine had until this change. */
export interface LeftPartitions {
  partitions: number[];
  /** Those of them whose actors live on at the new owner; those of the others end, at once: another machine may have them by now. */
  handedOver: number[];
}

/**
 * The terms of a kind, which all processes must agree on: the table says them, whatever code a process has loaded, so two with different
 * code send mail for an id to one place.
 */
export interface KindTerms {
  /** Of the workers that host it; '' = any. */
  role: string;
  /** The column of its shards: that of its role, or one of its own where its role has changed since it began. */
  column: string;
  strategy: PlacementStrategy;
  isDurable: boolean;
  /** Its state is what XState packs. */
  isMachine?: true;
  /** Messages that may wait in a mailbox. */
  capacity: number;
}

export interface TableData {
  epoch: number;
  /** Per column ('' = any worker): 1024 worker indexes. */
  columns: Record<string, number[]>;
  pins: [id: ActorId, worker: number][];
  kinds?: Record<string, KindTerms>;
  /** Kinds that there were, until a reload without them. */
  removed?: string[];
  /** Actors that begin no turn. */
  pauses?: readonly Pause[];
  /** Of a cluster. */
  machines?: MachinesView;
}

export interface DeadProcess {
  index: number;
  incarnation: number;
  /** It ended by itself, and had written all that it had to say. */
  isDone?: boolean;
}

export interface TableChange {
  /** Exactly one more than the epoch before. */
  epoch: number;
  /** The process whose death caused the change: taken up only once its link is read to its end. */
  dead?: DeadProcess;
  /** Changed entries per role. */
  columns: Record<string, [shard: number, worker: number][]>;
  /** Changed pins; null: no longer pinned, the shard decides. */
  pins: [id: ActorId, worker: number | null][];
  /** Moves that end with this change; only they release their holds. */
  endedMoves: MoveId[];
  /** Those of them whose units stay where they were, since the new host died. */
  abortedMoves?: MoveId[];
  /** Kinds that are new or have changed; null: the kind is gone, its actors end. */
  kinds?: Record<string, KindTerms | null>;
  /** All that hold from this epoch on, in place of those before; undefined: no change. */
  pauses?: readonly Pause[];
  /** In place of those before. */
  machines?: MachinesView;
  left?: LeftPartitions;
}

export type MoveId = number;

/**
 * claim — the unit comes to life at `to`; refused where an actor lives under it at `from`.
 * release — a pinned actor has ended; its id goes back to its shard. Refused where it lives again.
 * move — the live actors of the units go along.
 */
export type MovePurpose = 'claim' | 'release' | 'move';

export interface MoveOrder {
  id: MoveId;
  purpose: MovePurpose;
  units: Unit[];
  from: { index: number; incarnation: number };
  to: { index: number; incarnation: number };
  /** Of the actors that go along: what is published for them meanwhile waits with their mail. */
  subscriptions: [topic: string, id: ActorId][];
}

/** A spawned actor, kept by the master so that it is started again after a crash. */
export interface SpawnRecord {
  id: ActorId;
  /** As the codec makes it for the wire. */
  args: unknown;
  /** Workers that died as it started again; it starts alone, behind those of none. */
  deaths?: number;
}

/** The state of a worker: it starts, takes actors, moves them away, waits before it is forked again, or stays down. */
export type WorkerState = 'starting' | 'ready' | 'draining' | 'backing-off' | 'given-up';

/** One row of `system.workers()`. */
export interface WorkerInfo {
  /** Index of the worker, from 1; it keeps it over restarts. */
  index: number;
  /** Process id of the operating system. */
  pid: number;
  /** Role of the worker; `worker` where none was given. */
  role: string;
  /** The state of its process. */
  state: WorkerState;
  /** 1 for its first process, one more with each that follows. */
  incarnation: number;
  /** Times it was forked again. */
  restarts: number;
  /** Actors in memory, as of the last heartbeat. */
  actors: number;
  /** Messages that wait in mailboxes, as of the last heartbeat. */
  mailbox: number;
  /** Bytes of heap in use, as of the last heartbeat. */
  heapBytes: number;
  /** Bytes of resident memory, as of the last heartbeat. */
  rssBytes: number;
}

export interface WorkerLoad {
  actors: number;
  mailbox: number;
  heapBytes: number;
  rssBytes: number;
}

/** The orders that a worker process begins with. Options are already checked. */
export interface BootOrder {
  type: 'boot';
  system: string;
  /** URL of the actors folder. */
  actors: string;
  main?: string;
  self: { index: number; incarnation: number; role: string };
  /** Private folder of the link sockets, and what a peer must know to link. */
  socketDir: string;
  token: string;
  /** Milliseconds on the wall clock when the system was created: the head of every fence. */
  startedAt: number;
  heartbeatMs: number;
  /** The machine is one of a cluster: nothing is served before a `serve`. */
  isLeased?: boolean;
  /** The options that a worker needs, plain data. */
  options: unknown;
}

export type ToProcess =
  | BootOrder
  /** `servesUntil`: see `serve`. */
  | { type: 'welcome'; table: TableData; holds: MoveOrder[]; peers: PeerInfo[]; servesUntil: number }
  /** A new process is going to link; never before the table change that declares its previousIncarnation dead. */
  | { type: 'peer'; peer: PeerInfo }
  /** `start`: spawned actors that live here from this epoch on and were lost with the dead process. */
  | { type: 'table'; change: TableChange; start: SpawnRecord[] }
  | { type: 'hold'; move: MoveOrder }
  /** The hand-off does not happen: everybody releases as things stand. No table change. */
  | { type: 'abort'; move: MoveId }
  /**
   * To the old host: stop the actors of the units between two turns. Refused where one takes longer than `quiesceMs`;
   * `isLast`: then it is aborted, and killed.
   */
  | { type: 'prepare'; move: MoveOrder; quiesceMs: number; isLast: boolean }
  /** Turns begin, and outputs leave, until that time of `Clock.now()`; 0: not at all. In order with the tables before it. */
  | { type: 'serve'; until: number }
  /** Run `main` now. */
  | { type: 'go' }
  /** To a worker that writes by the program's logger: the level of that is another one. */
  | { type: 'log-level'; level: string }
  | { type: 'workers'; workers: WorkerInfo[] }
  /** The event types that somebody, somewhere, listens to. */
  | { type: 'wanted-events'; names: EventName[] }
  | { type: 'event'; name: EventName; payload: unknown }
  | { type: 'reply'; request: number; value?: unknown; error?: ErrorData }
  /** Asked by the master; answered with `answer`. */
  | { type: 'query'; query: number; what: ProcessQuery }
  /** Everything it hosted lives elsewhere; it ends when its servers have answered what they were asked. */
  | { type: 'retire' }
  /** The system shuts down: it answers `last-requests`, has its servers closed, and answers `requests-finished`. */
  | { type: 'finish-requests' }
  | { type: 'exit' };

/** The answer to a request for metrics. `processes`: answers of those that came in time. */
export interface MetricsAnswer {
  processes: unknown[];
  handoffs: HandoffMetrics;
  pauses: readonly Pause[];
}

/** A request of a process to the master; answered with `reply`. */
export type MasterRequest =
  /** A pin for one id. `fresh`: the key was generated, nobody can know it yet. Answer: worker index. */
  | { kind: 'claim'; id: ActorId; role: string; worker?: number; fresh: boolean; strategy: PlacementStrategy }
  /** The place of an id whose kind is not placed by hash; the same answer until its worker dies. Answer: worker index. */
  | { kind: 'locate'; id: ActorId }
  /** `isTrial`: it is only said whether it could be there. */
  | { kind: 'move'; id: ActorId; worker: number; isTrial?: boolean }
  /** An actor is wanted on a machine. Answer: a `WantAnswer`. */
  | { kind: 'want'; id: ActorId; machine: string }
  /** The same, of all processes of this machine; rejects ACTOR_UNAVAILABLE where one may have to read some. */
  | ({ kind: 'read-to-end' } & LostSource)
  | { kind: 'add-worker'; role?: string }
  | { kind: 'remove-worker'; index: number }
  | { kind: 'restart-worker'; index: number }
  | { kind: 'reload' }
  | { kind: 'metrics' }
  /** Actors that begin no turn from its answer on; and those that do again, so many messages in a second. */
  | { kind: 'pause'; pattern: string; reason?: string }
  | { kind: 'resume'; pattern: string; perSecond?: number }
  /** Of the whole system, as its directory has them. */
  | { kind: 'take-up-pauses' }
  /** So many messages for actors of a pattern that was resumed at a rate. Answer: how many may go now. */
  | { kind: 'let-through'; pattern: string; wanted: number }
  /** Answers of one process, or of all: those that came in time. */
  | { kind: 'look'; what: Look; worker?: number }
  /** Where everything is, and what moves: a `PlacementView`. */
  | { kind: 'placement' }
  /** Workers whose event loop gives no answer, and what runs there: told by their watchdog threads. */
  | { kind: 'blocked-loops' }
  /** The cluster as this machine sees it: a `ClusterCheckup`, after some seconds. */
  | { kind: 'cluster-checkup' }
  | { kind: 'shutdown'; timeoutMs?: number };

export type PlacementStrategy = 'hash' | 'least-loaded' | 'local';

export type ToMaster =
  /** The process listens to its channel; what was sent before is lost. Then, with the `kinds` of the code that it has loaded: */
  | { type: 'hello' }
  | { type: 'listening'; path: string; kinds?: Record<string, KindTerms> }
  | { type: 'load-failed'; error: ErrorData }
  | { type: 'linked' }
  | { type: 'ready' }
  | { type: 'main-failed'; error: ErrorData }
  | { type: 'heartbeat'; load: WorkerLoad }
  | { type: 'installed'; move: MoveId }
  /** The units are quiescent; `subtree`: the places of children that go along. */
  | { type: 'prepared'; move: MoveId; subtree: ActorId[]; subscriptions: [topic: string, id: ActorId][] }
  /** `isBusy`: it may be tried again. */
  | { type: 'refused'; move: MoveId; error: ErrorData; isBusy?: boolean }
  | { type: 'request'; request: number; what: MasterRequest }
  | { type: 'answer'; query: number; value?: unknown; error?: ErrorData }
  /** Spawned actors that run here from now on; and those that have ended for good. */
  | { type: 'spawned'; records: SpawnRecord[] }
  | { type: 'ended'; ids: ActorId[] }
  /** Of a start list: one that workers died of begins now, alone; these have started. */
  | { type: 'starting'; id: ActorId }
  | { type: 'started'; ids: ActorId[] }
  /** The event types that this process listens to. */
  | { type: 'listen'; names: EventName[] }
  | { type: 'event'; name: EventName; payload: unknown }
  /** Another machine has a newer table of partitions: frames of its wait for it. */
  | { type: 'outdated' }
  /** The states of these partitions of another machine lie here; nothing of them runs. */
  | { type: 'state-arrived'; machine: string; partitions: number[] }
  | { type: 'places'; machine: string; places: MachinePlaces }
  /** Its servers may be closed now; and what they were asked has been answered. */
  | { type: 'last-requests' }
  | { type: 'requests-finished' }
  /** For the logger of the program, which lives in the master's process; the master itself never hears of it. */
  | { type: 'log'; line: LogLine };

/** One end of the channel. `receive` is set once, before anything arrives. */
export interface ControlChannel<Out, In> {
  send(message: Out): void;
  onMessage(receive: (message: In) => void): void;
}
