/** What observers hear: past tense, never a message. */
import type { ActorId } from './address.ts';
import type { ErrorCode } from './errors.ts';
import type { ExitReason } from './exit-reason.ts';

export type DeadLetterReason = ErrorCode;

export interface DeadLetter {
  to: ActorId;
  message: unknown;
  sender: ActorId | undefined;
  reason: DeadLetterReason;
  /** Milliseconds since the Unix epoch. */
  at: number;
}

export interface SystemEvents {
  'worker-online': { worker: number; pid: number; role: string; incarnation: number };
  /** Not of one that ends with its system, as it was told to. */
  'worker-exited': {
    worker: number;
    pid: number;
    role: string;
    incarnation: number;
    code: number | null;
    signal: string | null;
  };
  'worker-given-up': { worker: number; role: string; restarts: number };
  'placement-changed': { epoch: number };
  'actor-started': { id: ActorId; worker: number };
  'actor-stopped': { id: ActorId; worker: number; reason: ExitReason };
  'actor-restarted': { id: ActorId; worker: number; restarts: number; error: Error };
  'actor-failed': { id: ActorId; worker: number; error: Error };
  'dead-letter': DeadLetter;
  /** A link between two live processes was closed because of what came over it. */
  'link-broken': { worker: number; peer: number; error: Error };
  /** More events of a type than the named rate came within a second: exact counts of those left out. */
  'events-suppressed': { event: EventName; count: number; worker: number };
}

export type EventName = keyof SystemEvents;

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
  'events-suppressed': true,
};

export const EVENT_NAMES: readonly string[] = Object.keys(NAMES);
