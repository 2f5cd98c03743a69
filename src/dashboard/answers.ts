/** Shapes of the answers of screens, which the page, and whoever asks for their JSON, get. Times are milliseconds since the Unix epoch. */
import type { Setting, StoreFiles } from '../observe/system-facts.ts';
import type { ActorInspection, ActorStatus } from '../observe/actor-inspection.ts';
import type { ActorList, ListedActor } from '../observe/actor-list.ts';
import type { BlockedLoop } from '../observe/checkup.ts';
import type { PastPlace } from '../observe/past-place.ts';
import type { PastTurn } from '../observe/turn-history.ts';
import type { Timing } from '../observe/timing.ts';
import type { CommitMetrics } from '../commit/committer.ts';
import type { KindCounters } from '../actor/behaviour.ts';
import type { ProcessMetrics, SystemMetrics } from '../system/metrics.ts';
import type { MachineInfo } from '../observe/machine-info.ts';
import type { WorkerInfo } from '../wire/control.ts';
import type { RecordedEvents } from './event-record.ts';

export interface InfoAnswer {
  readonly name: string;
  readonly pid: number;
  readonly node: string;
  readonly readOnly: boolean;
  readonly kinds: readonly string[];
  /** Kinds that have a panel of their own, at `/panels/<kind>/index.html`. */
  readonly panels: readonly string[];
  readonly startedAt: number;
}

/** Milliseconds that half of the messages, and 95 and 99 of 100, took at most. */
export type TimingFigures = Pick<Timing, 'p50' | 'p95' | 'p99'>;

export interface KindFigures extends KindCounters {
  readonly handlingMs: TimingFigures | undefined;
  readonly waitMs: TimingFigures | undefined;
}

/** Of a process, without what it has of each kind. */
export type ProcessFigures = Omit<ProcessMetrics, 'kinds'>;

export interface SystemFigures extends Omit<SystemMetrics, 'kinds' | 'workers'> {
  readonly kinds: Readonly<Record<string, KindFigures>>;
  readonly workers: readonly ProcessFigures[];
}

export interface OverviewAnswer {
  readonly at: number;
  readonly metrics: SystemFigures;
  /** Workers that do not answer, since a turn blocks their event loop. */
  readonly blocked: readonly BlockedLoop[];
  readonly workers: readonly WorkerInfo[];
  /** Of the cluster; empty where there is one machine. */
  readonly machines: readonly MachineInfo[];
  /** Of this process. */
  readonly machine: string | undefined;
}

/** The foremost actors in a few orders. */
export interface TopAnswer {
  readonly inMemory: number;
  readonly byRate: readonly ListedActor[];
  readonly byLatency: readonly ListedActor[];
  readonly byErrors: readonly ListedActor[];
  readonly byMailbox: readonly ListedActor[];
  readonly byTurn: readonly ListedActor[];
  readonly byFailure: readonly ListedActor[];
  readonly silent: readonly number[];
  readonly workMs: number;
}

export interface ActorAnswer {
  readonly at: number;
  readonly actor: ActorInspection;
  /** Undefined: turns of its kind are not kept. */
  readonly turns: readonly PastTurn[] | undefined;
  /** The last places of it and of the shard that its id falls into, the oldest first. */
  readonly places: readonly PastPlace[];
}

export interface ActorsAnswer extends ActorList {
  readonly at: number;
}

/** Kinds beside each other. */
export interface KindsAnswer {
  readonly at: number;
  readonly beside: readonly {
    readonly kind: string;
    /** Undefined: no process has it. */
    readonly figures: KindFigures | undefined;
    /** The foremost first. */
    readonly actors: readonly ListedActor[];
  }[];
  readonly silent: readonly number[];
  readonly workMs: number;
}

/** A dead letter as it is listed. */
export interface LetterAnswer {
  /** Of one that is on disk. */
  readonly id?: string;
  /** Of one that is in the memory of a process. */
  readonly worker?: number;
  readonly to: string;
  readonly sender: string | undefined;
  readonly type: string;
  readonly reason: string;
  readonly at: number;
  /** The message as JSON data, without what is redacted. */
  readonly message: unknown;
}

export interface LettersAnswer {
  readonly total: number;
  readonly byReason: Readonly<Record<string, number>>;
  /** The newest first. */
  readonly inMemory: readonly LetterAnswer[];
  /** The oldest first. */
  readonly stored: readonly LetterAnswer[];
  /** For `after`; undefined: there are no more. */
  readonly next: string | undefined;
}

/** An actor in the tree of supervision. */
export interface TreeNode {
  readonly id: string;
  readonly status: ActorStatus;
  readonly worker: number | undefined;
  readonly restarts: number;
  /** All that it has. */
  readonly children: number;
}

export interface TreeAnswer {
  readonly nodes: readonly TreeNode[];
  /** There are more than are listed. */
  readonly hasMore: boolean;
  readonly silent: readonly number[];
  readonly workMs: number;
}

/** The store of durable actors. */
export interface StoreAnswer extends StoreFiles {
  readonly at: number;
  /** Of each process that has durable actors, since it began. */
  readonly commits: readonly { readonly worker: number; readonly role: string; readonly commits: CommitMetrics }[];
}

export interface EventsAnswer extends RecordedEvents {
  readonly at: number;
}

export interface ConfigurationAnswer {
  readonly settings: readonly Setting[];
}

/** The outcome of `resend` and `discard` of many. */
export interface BulkAnswer {
  readonly done: number;
  readonly gone: number;
  readonly failed: readonly { readonly id: string; readonly error: string }[];
}
