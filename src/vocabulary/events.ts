/** Events are heard by observers: past tense, never a message. */
import type { ActorId } from './address.ts';
import type { ErrorCode } from './errors.ts';
import type { ExitReason } from './exit-reason.ts';

/** Why a message could not be handled: a code of `ERROR_CODES`. */
export type DeadLetterReason = ErrorCode;

/** A message that could not be handled. */
export interface DeadLetter {
  /** Id of the actor it was sent to, or the topic. */
  to: ActorId;
  /** The message. */
  message: unknown;
  /** Id of the actor that sent it; undefined where a process did. */
  sender: ActorId | undefined;
  /** Why it could not be handled. */
  reason: DeadLetterReason;
  /** Milliseconds since the Unix epoch. */
  at: number;
}

/** The events of `system.on`, by name, with what a listener gets. `worker` is the index of the worker, `restarts` a count. */
export interface SystemEvents {
  /** A worker is ready. */
  'worker-online': { worker: number; pid: number; role: string; incarnation: number };
  /** A worker has ended; not told of one that ends with its system, as it was told to. */
  'worker-exited': {
    worker: number;
    pid: number;
    role: string;
    incarnation: number;
    code: number | null;
    signal: string | null;
  };
  /** A worker was restarted more often than its supervision allows, and stays down. */
  'worker-given-up': { worker: number; role: string; restarts: number };
  /** Actors have other places; `epoch` grows by one with each change. */
  'placement-changed': { epoch: number };
  /** An incarnation has started, by its first message or by `spawn`; not told of a restart or a move. */
  'actor-started': { id: ActorId; worker: number };
  /** An actor has ended, or has left memory (`passivated`). */
  'actor-stopped': { id: ActorId; worker: number; reason: ExitReason };
  /** A handler threw, and a new incarnation has begun. */
  'actor-restarted': { id: ActorId; worker: number; restarts: number; error: Error };
  /** An actor was restarted more often than its supervision allows, or has escalated without a parent; it has ended. */
  'actor-failed': { id: ActorId; worker: number; error: Error };
  /** A message could not be handled. */
  'dead-letter': DeadLetter;
  /** A link between two live processes was closed because of what came over it. */
  'link-broken': { worker: number; peer: number; error: Error };
  /** A machine has joined the cluster: `machine` is its id in `machines()`. */
  'machine-joined': { machine: string };
  /** A machine has left the cluster in order. */
  'machine-left': { machine: string };
  /** A machine was silent for longer than its lease: others take over what it had. */
  'machine-lost': { machine: string };
  /** This machine could not renew its lease, and handles nothing until it can. */
  suspended: { machine: string };
  /** This machine has its lease again, and goes on. */
  resumed: { machine: string };
  /** More events of a type than the named rate came within a second: exact counts of those left out. */
  'events-suppressed': { event: EventName; count: number; worker: number };
}

/** Name of an event of `system.on`. */
export type EventName = keyof SystemEvents;

/** Events of the machines of a cluster. */
export type MachineEventName = 'machine-joined' | 'machine-left' | 'machine-lost' | 'suspended' | 'resumed';

const NAMES: Record<EventName, true> = {
  'worker-online': true,
  'worker-exited': true,
  'worker-given-up': true,
  'placement-changed': true,
  'actor-started': true,
  'actor-stopped': true,
  'actor-restarted': true,
  'actor-failed': true,
  'dead-letter': true,
  'link-broken': true,
  'machine-joined': true,
  'machine-left': true,
  'machine-lost': true,
  suspended: true,
  resumed: true,
  'events-suppressed': true,
};

export const EVENT_NAMES: readonly string[] = Object.keys(NAMES);
