/**
 * The kernel has all that the parts of one process share: the ports to the world, the router, and the limits.
 * The kernel knows no cluster: mail leaves by `router`, placement is asked for by `claims`.
 */
import type { ClientMetrics } from '../observe/client-metrics.ts';
import type { EventBus } from '../observe/event-bus.ts';
import type { Log } from '../observe/log.ts';
import type { OutsideGateways } from '../observe/outside-gateways.ts';
import type { HistoryOptions, TurnHistory } from '../observe/turn-history.ts';
import type { Spans } from '../observe/spans.ts';
import type { Trace } from '../observe/trace.ts';
import type { TurnWatch } from '../observe/turn-timings.ts';
import type { TopicBus } from '../pubsub/topic-bus.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Clock } from '../vocabulary/clock.ts';
import type { Message } from '../vocabulary/envelope.ts';
import type { QueueMemory } from '../vocabulary/queue-memory.ts';
import type { Recipient } from '../vocabulary/recipient.ts';
import type { AskOptions } from './ask-options.ts';
import type { Behaviour } from './behaviour.ts';
import type { Durability } from './durable-side.ts';
import type { DeadLetters } from '../observe/dead-letters.ts';
import type { Pauses } from './pauses.ts';
import type { PendingReplies } from './pending-replies.ts';
import type { Scheduler } from './scheduler.ts';
import type { Serving } from './serving.ts';

/** Where an actor that needs a pin may live; absent where all live in one process. */
export interface Claims {
  /** Makes this process the host of `id`. `fresh`: the key was generated. Rejects `ALREADY_EXISTS`. */
  claim(id: ActorId, kind: string, fresh: boolean): Promise<void>;
  /** Whether it is the host now: another claim may have come between the answer and the start. */
  isHostOf(id: ActorId): boolean;
  /** Whether an actor with a generated key is to live with its parent, or, without one, on this machine. Absent: any does. */
  fits?(id: ActorId, parent: ActorId | undefined): boolean;
}

/** The sender: an actor, or the process. */
export interface Speaker {
  tell(to: ActorId, message: Message): boolean;
  ask(to: ActorId, message: Message, options?: AskOptions): Promise<unknown>;
  stop(id: ActorId, reason?: string): Promise<void>;
}

export interface KernelLimits {
  askTimeoutMs: number;
  messageBytesMax: number;
  checkMessages: boolean;
  /** Bytes that all queues of the process may hold together. Default: no bound. */
  memoryBytes?: number;
  /** Turns to keep. Default: none. */
  history?: HistoryOptions | undefined;
}

export interface Kernel {
  /** Number of this process in the system; 0 is the master. */
  readonly worker: number;
  /** Address of this process for signals and replies. */
  readonly address: ActorId;
  readonly clock: Clock;
  readonly random: () => number;
  readonly newKey: () => string;
  /** A string that grows with every call, also over moves and restarts of the system; `id`: of an actor, which another machine may have had. */
  readonly newFence: (id?: ActorId) => string;
  /** Of the placement table, as this process knows it; it grows. */
  readonly epoch: () => number;
  readonly log: Log;
  readonly events: EventBus;
  /** The last turns of actors; undefined where they are not kept. */
  readonly history?: TurnHistory | undefined;
  /** Undefined while nothing is paused. */
  pauses: Pauses | undefined;
  /** Undefined where the machine is no one of a cluster: it serves whatever the time is. */
  serving: Serving | undefined;
  /** How long turns take; undefined where no actor lives. */
  readonly timing?: TurnWatch | undefined;
  /** Undefined where nobody looks inside. */
  readonly trace: Trace | undefined;
  /** Undefined where nobody traces. */
  readonly spans?: Spans | undefined;
  /** Counts of clients; undefined where none come in here. */
  clients: (() => ClientMetrics) | undefined;
  readonly limits: KernelLimits;
  /** The behaviours that this process can host. */
  readonly behaviours: ReadonlyMap<string, Behaviour>;
  /** All kinds of the system. */
  readonly kinds: () => string[];
  /** Whether there was such a kind, until a reload without it. */
  readonly wasRemoved: (kind: string) => boolean;
  readonly scheduler: Scheduler;
  readonly pending: PendingReplies;
  readonly deadLetters: DeadLetters;
  /** The memory that all queues of the process hold together. */
  readonly memory: QueueMemory;
  /** To brokers, kept by this process. */
  readonly gateways: OutsideGateways;
  topics: TopicBus;
  /** The way to any actor, here or elsewhere. */
  router: Recipient;
  claims: Claims | undefined;
  /** Undefined where no kind is durable. */
  durability: Durability | undefined;
  /** Exact bytes of an encoded message. */
  readonly encodedBytes: (message: unknown) => number;
  /** The actor whose handler runs right now, in the synchronous part of its turn. */
  running: Speaker | undefined;
  /** True once the system refuses calls from outside actors. */
  closing: boolean;
}
