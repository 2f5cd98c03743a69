/**
 * An envelope travels to an actor in order: a message, or a request to the actor or its host.
 */
import type { ActorId } from './address.ts';
import type { TroupeError } from './errors.ts';
import type { OutsideId } from './outside-id.ts';
import type { Heavy, Weighed } from '../plain-data/weight.ts';

/** The part that every message has. */
export interface Message {
  /** Picks the handler. */
  readonly type: string;
}

/** The type of a message, for those who speak of it; undefined where it has none, or cannot be read any more: a proxy may be revoked, a getter throw. */
export function typeOfMessage(message: unknown): string | undefined {
  try {
    const { type } = message as Message;
    return typeof type === 'string' ? type : undefined;
  } catch {
    return undefined;
  }
}

/**
 * message — for the handler · stop — end when it is reached · barrier — reply when it is reached · run — a function to
 * call in a turn, never leaves its process ·
 * kill, remove, spawn, watch, unwatch, where, subscribe, unsubscribe, wake (into memory) — served by the actor's host as it arrives, in order with the mail.
 */
export type Verb =
  | 'message'
  | 'stop'
  | 'barrier'
  | 'run'
  | 'kill'
  | 'remove'
  | 'spawn'
  | 'watch'
  | 'unwatch'
  | 'rewatch'
  | 'where'
  | 'subscribe'
  | 'unsubscribe'
  | 'wake';

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
  written(peer: ActorId | undefined): void;
  /** It is answered by somebody else: nothing that comes here goes to its asker. */
  leave?(): void;
  /** Its mail goes along with an actor that leaves this process, until the move is committed or aborted. */
  transferred?(): void;
  /** Where this process is the asker's: what the death of a host loses of it is sent again. */
  survivesHostLoss?: boolean;
  /** This process asks in the place of an asker elsewhere. */
  readonly isPassedOn?: boolean;
  /** Called once it has settled, where this process is the asker's; `isAnswered`: by the actor that was asked, and without an error. */
  onSettled?: ((reply: ReplyTo, isAnswered: boolean) => void) | undefined;
}

/** The turn that runs for an ask; told when its asker has given up. */
export interface Run {
  givenUp(reply: ReplyTo): void;
}

export interface ReplyAddress {
  process: ActorId;
  correlation: number;
}

/** The name that makes a message to a durable actor recognisable when it is sent again. */
export class DeliveryId {
  /** The sender stream: a durable actor's id, or a process and the start of its system; '' where nobody sends it again. */
  readonly stream: string;
  readonly number: number;
  /** The number before it on the way to the same receiver that is not known to be handled; 0: none. */
  readonly previous: number;
  /** The lowest number that its sender still keeps for this receiver. */
  readonly floor: number;
  /** Of an ask inside a turn: the turn and the ask's number in it, the same when the turn runs again. */
  readonly turn: string | undefined;
  /** The process that it was sent to before has died: perhaps in its turn. */
  isSuspect: boolean;
  /** As `turn` says where it names a message from outside; see `outsideOf`. */
  outside: OutsideId | undefined;

  constructor(
    stream: string,
    number: number,
    previous: number,
    floor: number,
    turn: string | undefined,
    isSuspect = false,
    outside: OutsideId | undefined = undefined,
  ) {
    this.stream = stream;
    this.number = number;
    this.previous = previous;
    this.floor = floor;
    this.turn = turn;
    this.isSuspect = isSuspect;
    this.outside = outside;
  }
}

/** In the name of the stream of a client, behind the address of the process that serves it. */
const CLIENT_MARK = '@client-';

/** The stream of what one client sends, by whichever process serves it: they have one address. */
export function clientStream(owner: ActorId, session: string): string {
  return `${owner}${CLIENT_MARK}${session}`;
}

export function isClientStream(stream: string): boolean {
  return stream.includes(CLIENT_MARK);
}

/** The actor, or the address of the process, whose numbers a delivery id has. */
export function streamOwner({ stream }: Pick<DeliveryId, 'stream'>): ActorId {
  return stream.startsWith('~') ? stream.slice(0, stream.indexOf('@')) : stream;
}

export class Envelope implements Weighed {
  verb: Verb;
  to: ActorId;
  message: unknown;
  /** The sending actor, or undefined for the master, a worker's `main`, a topic. */
  sender: ActorId | undefined;
  replyTo: ReplyTo | undefined;
  /** On `Clock.now()`; 0: none. After it the message is not executed. */
  deadline: number;
  /** Of a message to a durable actor. */
  deliveryId: DeliveryId | undefined;
  heavy: Heavy | undefined;
  /** The context of its trace (observe/spans.ts); undefined where nobody traces. */
  trace: string | undefined;

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
    this.deliveryId = undefined;
    this.heavy = undefined;
    this.trace = undefined;
  }
}

/** Its place is behind what its sender sent before. */
export function isInLine({ verb }: Envelope): boolean {
  return verb === 'message' || verb === 'stop' || verb === 'barrier';
}

/** Somebody keeps the message until its durable receiver has committed it. */
export function isTracked({ deliveryId }: Envelope): boolean {
  return deliveryId !== undefined && deliveryId.stream !== '';
}
