/** Questions of a master to its processes, and the forms of their answers. */
import type { ListQuery } from '../observe/actor-list.ts';
import type { ActorId } from '../vocabulary/address.ts';

/** A machine that is lost and had passed mail on, or only that process of it (`address`). */
export interface LostSource {
  readonly machine: string;
  readonly address: ActorId | '';
}

/**
 * close — refuse new calls from outside actors · idle — {idle, sent, received}: is there mail, a turn or a reply
 * in flight · stop-actors — run onStop of all, then answer how many they were · metrics — counters of the process.
 */
export type ProcessQuery =
  | 'close'
  | 'idle'
  | 'stop-actors'
  | 'metrics'
  /** All that this process sent before has arrived. */
  | 'flush'
  /** All that the master said before is taken up. */
  | 'taken-up'
  /** The first actor that could not move, since its state cannot travel. */
  | 'unmovable'
  /** No actor of a removed kind is left. */
  | 'removed-ended'
  /** The links of a lost machine's processes to this one are read to their ends, and what came has gone on. */
  | { readToEnd: LostSource }
  /** All that this process sent before has arrived, at other machines too. */
  | 'flush-everywhere'
  /** Stop what lives in these partitions, between two turns. Answer: those whose actors do not end their turns in time, which go on. */
  | { stand: number[]; quiesceMs: number; isLast: boolean }
  /** Send what lives in the partitions on hold to the machine of this index. Answer: a `TransferAnswer`. */
  | { transfer: number; move: number }
  /** Actors that a machine has handed over go to the workers that the table names. Answer: true, once all of them have it. */
  | { arrival: number; from: string; partitions: number[] }
  /** Ids of a kind of which something is kept here. */
  | { idsOf: string }
  | Look;

/** Undefined: the other machine has not said that it has everything. Else the partitions that were too much for one hand-over. */
export type TransferAnswer = number[] | undefined;

/** A look at the actors of a process, which changes nothing there. */
export type Look =
  /** An inspection of one actor. */
  | { inspect: ActorId }
  /** The last turns of an actor. */
  | { history: ActorId; last: number }
  /** The states and transitions of a kind that is a machine. */
  | { machine: string }
  /** Its part of lists of actors, for which they are gone through once. */
  | { lists: readonly ListQuery[] }
  /** Messages from kind to kind, which are counted from then on. */
  | { flow: true }
  /** The dead letters in its memory. */
  | { letters: true }
  /** Its state for the doctor. */
  | { checkup: true };

export interface IdleAnswer {
  idle: boolean;
  /** Mail and signals that wait there for a link or a new host. */
  waiting: number;
  /** Data-plane messages sent to, and received from, other processes since the start. */
  sent: number;
  received: number;
}
