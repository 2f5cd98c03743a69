/**
 * The port to durability: what a cell of a durable kind needs beside itself, and what a process needs to reach durable
 * actors. The implementation stands above this room.
 */
import type { ActorId } from '../vocabulary/address.ts';
import type { Envelope, Message, ReplyTo } from '../vocabulary/envelope.ts';
import type { Signal } from '../vocabulary/signal.ts';

/** A reminder as it stands, for those who look. */
export interface StandingReminder {
  readonly atMs: number;
  readonly everyMs: number | undefined;
  readonly message: unknown;
}

export type Reminder = { atMs: number } | { everyMs: number };

/** A child or a timer, begun by a turn besides its mail. */
export interface GatedEffect {
  /** The actor that it brings to life. */
  readonly id?: ActorId;
  /** Once what the turn did is committed. Does nothing the second time, or where its incarnation has ended. */
  go(): void;
  /** The turn comes to nothing. */
  takeBack(): void;
}

/** Whether there is room for a turn among all that waits for a commit. */
export interface TurnRoom {
  /** False: there is none; the cell is woken once there is. */
  mayBegin(): boolean;
}

/** With its end goes all that is kept of an actor: somebody has asked for that. */
export interface Removal {
  ended(): void;
  /** The removal of a durable actor; from its end on. */
  done?: Promise<void>;
}

/** Turns and starts that are tried again after a process died. */
export interface TrialPort {
  /**
   * Just before its handler starts: what is suspect of ending its process is noted. False: it has ended too many, and is not to be
   * tried again. A promise, where one has died in its turn: it has to wait for others of that kind.
   */
  begin(envelope: Envelope): Promise<void> | false | undefined;
  /** The same for a start; `isKnown`: it has a state. */
  beginStart(isKnown: boolean): Promise<void> | undefined;
}

/** The durable side of one cell: its record, and the turns that are not committed yet. */
export interface DurableSide {
  /**
   * Reads the record; `hasMoved`: of an incarnation that goes on here. Resolves to whether there was a state; rejects STORE_FAILED, and
   * PROCESS_DIED where too many processes have ended as it started.
   */
  load(hasMoved?: boolean): Promise<boolean>;
  /** Of the record, as of the last load; 0: there is none. */
  readonly version: number;
  /** The state of the record, into the context. May throw what a migration throws. */
  restore(): void;
  /** False: the message was handled before, or is not its turn yet; all that is to be done about it has been done. */
  admit(envelope: Envelope): boolean;
  readonly trials: TrialPort;
  /** A message that is over without a turn: refused, or too late. */
  skip(envelope: Envelope): void;

  readonly room: TurnRoom;
  /**
   * From now on what the actor does is gated, until the turn's commit. `envelope`: undefined for hooks; `isCondemned`: no
   * handler runs, its process would die once more.
   */
  beginTurn(envelope: Envelope | undefined, isCondemned?: boolean): void;
  /** Takes the state as it is now. Throws where it is no plain data. */
  capture(): void;
  /** Nothing of the turn so far happens; `isGivenUp`: since its asker wanted it no more. */
  discardTurn(isGivenUp?: boolean): void;
  /** The turn is given up with its incarnation: its message counts as not handled. */
  abandonTurn(): void;
  /** The turn is over: its message counts as handled with what it did, all in one commit. */
  endTurn(): void;
  /** The message was put aside instead of handled. */
  putAside(envelope: Envelope): void;
  /** The state as it was after the last turn that did not fail. */
  rollBack(): void;

  /** The reply of a message as it goes: gated, and kept for who asks again. */
  replyTo(envelope: Envelope): ReplyTo;
  /** A message of a turn that failed, to the dead letters that last. */
  deadLetter(envelope: Envelope, reason: string): void;
  tell(envelope: Envelope): boolean;
  request(envelope: Envelope): boolean;
  /** It leaves with the commit; false: the last one that left found half of what may wait. */
  publish(topic: string, message: Message, trace?: string): boolean;
  /** Not in the record: a crash between the commit and `go` loses it. An actor that the same turn asks goes at once. */
  deferUntilCommit(effect: GatedEffect): void;
  remind(name: string, when: Reminder, message: Message): void;
  forget(name: string): void;
  /** Those that are set, by name. */
  readonly reminders: { readonly size: number; entries(): Iterable<[name: string, reminder: StandingReminder]> };
  /** With the commit of the present turn the record goes, and then the incarnation ends. */
  remove(): void;

  /** Messages to durable actors that are not acknowledged. */
  readonly resendQueue: { readonly size: number };
  /** Nothing waits for a commit. */
  readonly isSettled: boolean;
  /** Nor for an acknowledgement: it may leave memory. */
  readonly isIdle: boolean;
  /** Resolves once nothing waits for a commit; undefined: so it is. */
  settled(): Promise<void> | undefined;
  /** Whether its last commit was made is not known: it may still come to be. */
  readonly isInDoubt: boolean;
  /** Its cell is about to move: messages that wait beside the mailbox go back into it. */
  quiesce(): void;
  acknowledged(signal: Signal & { type: 'acknowledged' }): void;
  /** The cell is no more: no timer is left. Commits that have begun go on. */
  close(): void;
}

/** A stream of messages to durable actors whose numbers their sender gives: it may send them again by another process. */
export interface TrackedStream {
  /** Messages that are not committed yet. */
  readonly size: number;
  /** Numbers grow. False: slow down. */
  send(envelope: Envelope, number: number): boolean;
  /** A stop or a barrier, behind the messages before it. */
  follow(envelope: Envelope): void;
}

/** Durability, as one process sees it. */
export interface Durability {
  /** Whether the store is open here. A process without it sends to durable actors, and none lives there. */
  readonly hosts: boolean;
  /** A message from a sender that is not durable is sent again until it is committed; a stop or barrier waits behind those. */
  send(envelope: Envelope): boolean;
  /** `gone`: messages of these numbers are committed, or were refused. */
  openStream(stream: string, gone: (numbers: readonly number[]) => void): TrackedStream;
  /** Nothing more is sent by it. */
  closeStream(stream: string): void;
  /** Messages in flight to these receivers may be lost: those that are kept for them are resent. `hasDied`: with their process. */
  resend(isLost: (receiver: ActorId) => boolean, hasDied?: boolean): void;
  /** All that is kept of an actor that is not in memory, or has just ended; its next incarnation waits for that. Rejects STORE_FAILED. */
  remove(id: ActorId): Promise<void>;
  /** Of what an actor has told that was removed since. */
  acknowledgedTo(id: ActorId, signal: Signal & { type: 'acknowledged' }): void;
  /** Of what this process sent. */
  acknowledged(signal: Signal & { type: 'acknowledged' }): void;
  isDurable(id: ActorId): boolean;
  /**
   * Whether something that these volatile actors have told is not committed yet by a receiver that is none of them. Told
   * from another process, their next message could overtake it.
   */
  keepsOf(senders: ReadonlySet<ActorId>): boolean;
  /** Whether there is a record of it. */
  isOnDisk(id: ActorId): Promise<boolean>;
}
