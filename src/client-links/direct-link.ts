/**
 * A connection of a client to the socket of a worker, for asks alone. Which of them have come in is counted by the credits that
 * the worker grants, one for each in their order; until all have, nothing that has to come behind them may go another route.
 *
 *   open ─► shut: an ask was sent back, or the client has lost its system ─► closed once nothing is asked on it
 *     └────────────────────────► ended: by the worker, or with it
 */
import type { PendingReply } from '../actor/pending-replies.ts';
import { NOT_TAKEN_HERE } from '../client-wire/client-greeting.ts';
import type { Kernel } from '../actor/kernel.ts';
import { LOCAL } from '../actor/ask-states.ts';
import { NumberTable } from '../structures/number-table.ts';
import { Ring } from '../structures/ring.ts';
import type { ActorId } from '../vocabulary/address.ts';
import { Envelope, type ReplyTo } from '../vocabulary/envelope.ts';
import { type ErrorData, TroupeError } from '../vocabulary/errors.ts';
import type { Signal } from '../vocabulary/signal.ts';
import type { Link } from '../wire/link.ts';
import { Connection } from './connection.ts';

/** Asks on their way that may not have come in, of one link; more go by the process that serves. */
export const UNTAKEN_MAX = 1_024;

/** Signs of life, one each `BEAT_MS`, of a link on which nothing is asked. */
const IDLE_BEATS_MAX = 20;

export interface DirectLinkEvents {
  toRef(id: ActorId): unknown;
  /** An ask of that actor has come in, or never will. */
  taken(id: ActorId): void;
  /** It has not come in, and nothing of it has happened. */
  back(envelope: Envelope): void;
  settled(number: number, isAnswered: boolean): void;
  /** Told last of all. */
  ended(): void;
}

export class DirectLink {
  /** By number: those that have not settled. */
  readonly asks: NumberTable<Envelope> = new NumberTable<Envelope>();
  readonly #connection: Connection;
  readonly #events: DirectLinkEvents;
  readonly #untaken = new Ring<Envelope>();
  #idleBeats = 0;
  #isShut = false;
  #isOver = false;
  /** Of those untaken, as many have settled before they were written: perhaps they never are. */
  #unwritten = 0;

  /** One for all its asks. */
  readonly askSettled = (ask: ReplyTo, isAnswered: boolean): void => {
    const { correlation, place } = ask as PendingReply;
    if (place === LOCAL && this.#isUntaken(correlation)) {
      this.#unwritten++;
      this.#isShut = true;
    }
    this.#events.settled(correlation, isAnswered);
    this.#closeIfDone();
  };

  constructor(link: Link, kernel: Kernel, events: DirectLinkEvents) {
    this.#events = events;
    this.#connection = new Connection(link, kernel, {
      toRef: (id) => events.toRef(id),
      accepted: () => {},
      signal: () => {},
      published: () => {},
      refused: () => {},
      failed: (number, error) => this.#failed(number, error),
      granted: (count) => this.#granted(count),
      ended: () => this.#ended(),
      mustBeRead: true,
    });
  }

  /** It takes another one. */
  get isOpen(): boolean {
    return !this.#isShut && !this.#isOver && this.#untaken.length < UNTAKEN_MAX;
  }

  ask(envelope: Envelope): void {
    this.#idleBeats = 0;
    this.#untaken.push(envelope);
    this.#connection.queue.mail(envelope);
  }

  signal(to: ActorId, signal: Signal): void {
    this.#connection.queue.signal(to, signal);
  }

  /** A sign of life; its end, where nothing was asked for long. */
  beat(): void {
    if (++this.#idleBeats > IDLE_BEATS_MAX) this.shut();
    else this.#connection.queue.grant(0);
  }

  /** It takes no more asks; what is asked on it goes on. */
  shut(): void {
    this.#isShut = true;
    this.#closeIfDone();
  }

  /** At once: what is asked on it is nobody's business any more. */
  destroy(): void {
    this.#isOver = true;
    this.#connection.destroy();
  }

  #isUntaken(number: number): boolean {
    for (const { replyTo } of this.#untaken) if ((replyTo as PendingReply).correlation === number) return true;
    return false;
  }

  #granted(count: number): void {
    for (let left = count; left > 0; left--) {
      const envelope = this.#untaken.shift();
      if (envelope === undefined) break;
      this.#events.taken(envelope.to);
    }
    this.#closeIfDone();
  }

  /** True: its asker hears nothing of that. */
  #failed(number: number, { code, reason }: ErrorData): boolean {
    if (code !== 'ACTOR_UNAVAILABLE' || reason !== NOT_TAKEN_HERE) return false;
    this.#isShut = true;
    const envelope = this.#untaken.removeFirst(({ replyTo }) => (replyTo as PendingReply).correlation === number);
    if (envelope !== undefined) this.#backAndTaken(envelope);
    this.#closeIfDone();
    return true;
  }

  #backAndTaken(envelope: Envelope): void {
    if (this.asks.take((envelope.replyTo as PendingReply).correlation) !== undefined) this.#events.back(envelope);
    this.#events.taken(envelope.to);
  }

  /** Asks that have not settled are settled, or written again elsewhere, first; then the mail that waited for them may go. */
  #ended(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { queue } = this.#connection;
    queue.detach();
    const unwritten = queue.takeUnwritten();
    queue.drop();
    for (const one of unwritten)
      if (one instanceof Envelope && this.asks.take((one.replyTo as PendingReply).correlation) !== undefined)
        this.#events.back(one);
    const text = 'the worker of the actor ended the connection before it replied';
    for (const [, { replyTo }] of [...this.asks.inOrder()])
      (replyTo as PendingReply).reject(new TroupeError('ACTOR_UNAVAILABLE', text, { fate: 'unknown' }));
    for (const { to } of this.#untaken.clear()) this.#events.taken(to);
    this.#events.ended();
  }

  /** Asks that came in are in their mailboxes; those that settled unwritten are past their time, or given up. */
  #closeIfDone(): void {
    if (!this.#isShut || this.#isOver || this.asks.size > 0 || this.#untaken.length > this.#unwritten) return;
    this.#ended();
    this.#connection.close();
  }
}
