/** The acts of a client: its mail and requests, carried out with its rights. Nothing that these do not give comes near an actor. */
import { ASK_TIMEOUT_MS_MAX } from '../actor/ask-options.ts';
import { barrierTo } from '../actor/barrier.ts';
import type { Kernel } from '../actor/kernel.ts';
import type { PendingReply } from '../actor/pending-replies.ts';
import type { Published } from '../frames/frame-reader.ts';
import { NumberTable } from '../structures/number-table.ts';
import type { System } from '../system/system.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Envelope, ReplyTo } from '../vocabulary/envelope.ts';
import { type ErrorCode, TroupeError, wordsOf } from '../vocabulary/errors.ts';
import type { ExitReason } from '../vocabulary/exit-reason.ts';
import type { WatchName } from '../vocabulary/signal.ts';
import { NOT_TAKEN_HERE } from '../client-wire/client-greeting.ts';
import type { ClientRight } from './rights.ts';
import type { ClientTraffic } from './client-traffic.ts';
import type { Session } from './session.ts';

/** Asks of one client in flight, at most; one more fails with OVERLOADED. */
export const CLIENT_ASKS_MAX = 10_000;
/** Actors that one client watches, at most. */
export const CLIENT_WATCHES_MAX = 10_000;

/** The way back to the client. */
export interface ClientRoute {
  /** 0: of no ask. */
  fail(correlation: number, error: TroupeError): void;
  ended(id: ActorId, reason: ExitReason, watch: WatchName): void;
}

export interface ActsParts {
  readonly kernel: Kernel;
  readonly system: System;
  readonly session: Session;
  /** Milliseconds from the clock of the client to ours. */
  readonly offsetMs: number;
  readonly route: ClientRoute;
  readonly traffic: ClientTraffic;
  /** At the socket of a worker: whether an ask of the actor stands in its mailbox at once. One that does not goes back, and all that follow. */
  readonly takesAtOnce?: ((id: ActorId) => boolean) | undefined;
}

export type Item = Envelope | Published;

export class ClientActs {
  readonly #kernel: Kernel;
  readonly #system: System;
  readonly #session: Session;
  readonly #offsetMs: number;
  readonly #route: ClientRoute;
  readonly #traffic: ClientTraffic;
  readonly #asks = new NumberTable<PendingReply>();
  readonly #watches = new Map<WatchName, () => void>();
  #credits = 0;
  readonly #takesAtOnce: ((id: ActorId) => boolean) | undefined;
  #isShut = false;

  constructor({ kernel, system, session, offsetMs, route, traffic, takesAtOnce }: ActsParts) {
    this.#takesAtOnce = takesAtOnce;
    this.#kernel = kernel;
    this.#system = system;
    this.#session = session;
    this.#offsetMs = offsetMs;
    this.#route = route;
    this.#traffic = traffic;
  }

  /** Messages that were taken since it was asked last. */
  takeCredits(): number {
    const credits = this.#credits;
    this.#credits = 0;
    return credits;
  }

  answered(correlation: number): void {
    this.#asks.take(correlation);
  }

  giveUp(correlation: number): void {
    const reply = this.#asks.take(correlation);
    if (reply === undefined) return;
    const abort = new AbortController();
    reply.abortWith(abort.signal);
    abort.abort();
  }

  /** Ends all watches: the client hears of no more ends. */
  close(): void {
    for (const off of this.#watches.values()) off();
    this.#watches.clear();
  }

  unreadable(envelope: Envelope, error: Error): void {
    const text = `the message cannot be read: ${wordsOf(error)}`;
    if (envelope.replyTo) envelope.replyTo.reject(new TroupeError('INVALID_MESSAGE', text, { fate: 'not-executed' }));
    else {
      this.refuse(envelope.to, undefined, 'INVALID_MESSAGE', text);
      this.#session.mail.once(envelope.deliveryId?.number ?? 0, () => true);
    }
  }

  /** False: slow down. */
  take(item: Item): boolean {
    if ('topic' in item) {
      const { spans } = this.#kernel;
      return spans === undefined ? this.#publish(item) : spans.within(item.trace, () => this.#publish(item));
    }
    if (item.verb !== 'message') return this.#request(item);
    if (this.#takesAtOnce !== undefined && !this.#comesIn(item)) return true;
    this.#traffic.messages++;
    this.#credits++;
    const { spans } = this.#kernel;
    if (spans !== undefined) return spans.within(item.trace, () => this.#message(item));
    return this.#message(item);
  }

  /** Each message that has come in is a credit, by which its client knows how many have. */
  #comesIn({ to, replyTo }: Envelope): boolean {
    this.#isShut ||= this.#kernel.closing || this.#takesAtOnce?.(to) !== true;
    if (!this.#isShut) return true;
    const text = `${to} is not to be had at this socket`;
    replyTo?.reject(new TroupeError('ACTOR_UNAVAILABLE', text, { fate: 'not-executed', reason: NOT_TAKEN_HERE }));
    return false;
  }

  #message(item: Envelope): boolean {
    return item.replyTo === undefined ? this.#tell(item) : this.#ask(item, item.replyTo);
  }

  #tell({ to, message, deliveryId }: Envelope): boolean {
    return this.#once(deliveryId?.number ?? 0, () => {
      const refusal = this.#session.rights.refusal('tell', to);
      if (refusal === undefined) return this.#session.sender.tell(to, message as { type: string });
      this.refuse(to, message, 'FORBIDDEN', refusal);
      return true;
    });
  }

  /** For a client the number of what it publishes stands where a process writes the epoch of its table. */
  #publish({ topic, message, epoch }: Published): boolean {
    this.#traffic.messages++;
    return this.#once(epoch, () => {
      const refusal = this.#session.rights.refusal('publish');
      if (refusal === undefined) return this.#session.sender.publish(topic, message as { type: string });
      this.refuse(topic, message, 'FORBIDDEN', refusal);
      return true;
    });
  }

  /** A number that is accepted already has come again. A message that a system does not take as it shuts down is kept by its client for the next one. */
  #once(number: number, act: () => boolean): boolean {
    return this.#kernel.closing || this.#session.mail.once(number, act);
  }

  #ask({ to, message, deadline }: Envelope, replyTo: ReplyTo): boolean {
    if (this.#isRefused('ask', to, replyTo)) return true;
    const timeoutMs = this.#leftMs(deadline);
    if (timeoutMs !== undefined && timeoutMs <= 0) {
      const text = `the ask of ${to} came after its deadline`;
      replyTo.reject(new TroupeError('ASK_TIMEOUT', text, { fate: 'not-executed' }));
      return true;
    }
    const { mail, sender } = this.#session;
    const { correlation } = replyTo.address();
    mail.beginAsk(correlation);
    try {
      const options = timeoutMs === undefined ? undefined : { timeoutMs };
      this.#follow(sender.request('message', to, message, options, undefined, replyTo), correlation);
    } finally {
      mail.endMessage();
    }
    return true;
  }

  /** One that has settled already has been answered. */
  #follow(reply: PendingReply, correlation: number): void {
    if (!reply.settled) this.#asks.set(correlation, reply);
  }

  /** Of the client's deadline, which is on its clock; undefined: none. */
  #leftMs(deadline: number): number | undefined {
    if (deadline === 0) return undefined;
    return Math.min(ASK_TIMEOUT_MS_MAX, deadline + this.#offsetMs - this.#kernel.clock.now());
  }

  #request(envelope: Envelope): boolean {
    const { verb, to, message, replyTo } = envelope;
    if (verb === 'watch' || verb === 'unwatch') this.#watch(verb, to, message as string);
    else if (replyTo === undefined) this.refuse(to, undefined, 'FORBIDDEN', `no client may ${verb} an actor: ${to}`);
    else this.#answer(envelope, replyTo);
    return true;
  }

  #answer({ verb, to, message }: Envelope, replyTo: ReplyTo): void {
    const { sender, rights } = this.#session;
    if (verb === 'barrier') {
      const refusal = rights.refusalOfKind(to);
      if (refusal === undefined)
        barrierTo(this.#session.kernel, to).then(
          (value) => replyTo.resolve(value),
          (error) => replyTo.reject(error),
        );
      else replyTo.reject(forbidden(refusal));
      return;
    }
    const right = RIGHT_OF[verb];
    if (right === undefined) return replyTo.reject(forbidden(`no client may ${verb} an actor`));
    if (this.#isRefused(right, to, replyTo)) return;
    this.#follow(sender.request(verb, to, message, undefined, undefined, replyTo), replyTo.address().correlation);
  }

  #isRefused(right: ClientRight, to: ActorId, replyTo: ReplyTo): boolean {
    const refusal = this.#session.rights.refusal(right, to);
    if (refusal !== undefined) replyTo.reject(forbidden(refusal));
    else if (this.#kernel.closing)
      replyTo.reject(
        new TroupeError('SHUTTING_DOWN', 'the system is shutting down: it takes no more calls', {
          fate: 'not-executed',
        }),
      );
    else if (this.#asks.size >= CLIENT_ASKS_MAX) {
      const text = `the client has ${CLIENT_ASKS_MAX} asks in flight, which is its limit`;
      replyTo.reject(new TroupeError('OVERLOADED', text, { fate: 'not-executed' }));
    } else return false;
    return true;
  }

  #watch(verb: 'watch' | 'unwatch', id: ActorId, watch: string): void {
    if (verb === 'unwatch') {
      this.#watches.get(watch)?.();
      this.#watches.delete(watch);
      return;
    }
    const refusal = this.#session.rights.refusal('watch', id);
    if (refusal !== undefined) return this.#route.fail(0, forbidden(refusal));
    if (this.#watches.has(watch) || this.#kernel.closing) return;
    if (this.#watches.size >= CLIENT_WATCHES_MAX)
      return this.#route.fail(
        0,
        new TroupeError('OVERLOADED', `the client watches ${CLIENT_WATCHES_MAX} actors, which is its limit`),
      );
    const off = this.#system.watch(id, ({ reason }) => {
      this.#watches.delete(watch);
      this.#route.ended(id, reason, watch);
    });
    this.#watches.set(watch, off);
  }

  /** No mailbox gets it: a dead letter here, and the client is told. */
  refuse(to: string, message: unknown, code: ErrorCode, text: string): void {
    this.#kernel.deadLetters.add(to, message, undefined, code);
    this.#route.fail(0, new TroupeError(code, text, { fate: 'not-executed' }));
  }
}

const RIGHT_OF: { [verb: string]: ClientRight | undefined } = {
  where: 'observe',
  subscribe: 'subscribe',
  unsubscribe: 'subscribe',
};

function forbidden(text: string): TroupeError {
  return new TroupeError('FORBIDDEN', text, { fate: 'not-executed' });
}
