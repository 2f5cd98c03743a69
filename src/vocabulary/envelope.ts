/**
 * What travels to an actor in order: a message, or a request to the actor or its host.
 */
import type { ActorId } from './address.ts';
import type { TroupeError } from './errors.ts';

export interface Message {
  readonly type: string;
}

/**
 * message — for the handler · stop — end when it is reached · barrier — reply when it is reached · run — a function to
 * call in a turn, never leaves its process ·
 * kill, spawn, watch, unwatch, where, subscribe, unsubscribe — served by the actor's host as it arrives, in order with the mail.
 */
export type Verb =
  | 'message'
  | 'stop'
  | 'barrier'
  | 'run'
  | 'kill'
  | 'spawn'
  | 'watch'
  | 'unwatch'
  | 'rewatch'
  | 'where'
  | 'subscribe'
  | 'unsubscribe';

/** Where the reply of an ask goes; settles at most once, later calls are ignored. */
export interface ReplyTo {
  /** True once settled, or once the asker has given up: the message need not run any more. */
  readonly settled: boolean;
  resolve(value: unknown): void;
  reject(error: TroupeError): void;
  /** The handler starts: from now on the fate is no longer 'not-executed'. */
  begin(run: Run): void;
  /** Where a reply from another process finds it. */
  address(): ReplyAddress;
  /** The ask was written to a process: from now on its fate can be known there only. */
  written(peer: ActorId): void;
}

/** What runs for an ask; told when its asker has given up. */
export interface Run {
  givenUp(reply: ReplyTo): void;
}

export interface ReplyAddress {
  process: ActorId;
  correlation: number;
}

export class Envelope {
  verb: Verb;
  to: ActorId;
  message: unknown;
  /** The sending actor, or undefined for the master, a worker's `main`, a topic. */
  sender: ActorId | undefined;
  replyTo: ReplyTo | undefined;
  /** On `Clock.now()`; 0: none. After it the message is not executed. */
  deadline: number;

  constructor(
    verb: Verb,
    to: ActorId,
    message: unknown,
    sender: ActorId | undefined,
    replyTo: ReplyTo | undefined,
    deadline: number,
  ) {
    this.verb = verb;
    this.to = to;
    this.message = message;
    this.sender = sender;
    this.replyTo = replyTo;
    this.deadline = deadline;
  }
}
