/**
 * The distant actors that this process sends to: the way to each, and how much is under way, so that `tell` can say
 * false before its mailbox overruns. Every quarter of a mailbox a barrier goes along; its reply says that all before it was handled. No link-wide credit
 * can know this: a worker that is idle may host one actor that is not.
 */
import type { Kernel } from '../actor/kernel.ts';
import type { ActorId } from '../vocabulary/address.ts';
import { Envelope, isKept } from '../vocabulary/envelope.ts';
import { bytesOf } from '../vocabulary/weight.ts';
import type { KindTerms } from '../wire/control.ts';
import type { OutboundQueue } from '../peer/outbound-queue.ts';

/** Actors counted at a time; when more are told, counting begins anew. */
export const ROUTES_KEPT = 65_536;

class Destination {
  terms: KindTerms;
  /** The link to its home, in the epoch in which that was looked up (S4: asking the table again cost more than encoding). */
  peer: OutboundQueue;
  epoch: number;
  /** Sent and not known to be handled. */
  underWay = 0;
  bytesUnderWay = 0;
  sinceBarrier = 0;
  bytesSinceBarrier = 0;
  isAsking = false;

  constructor(terms: KindTerms, peer: OutboundQueue, epoch: number) {
    this.terms = terms;
    this.peer = peer;
    this.epoch = epoch;
  }
}

export class RouteCache {
  readonly #byId = new Map<ActorId, Destination>();
  readonly #kernel: Kernel;
  readonly #send: (envelope: Envelope) => boolean;

  constructor(kernel: Kernel, send: (envelope: Envelope) => boolean) {
    this.#kernel = kernel;
    this.#send = send;
  }

  /** Sends a message the way that the last one to its actor went; undefined where that may not hold any more. */
  resend(envelope: Envelope, epoch: number): boolean | undefined {
    const destination = this.#byId.get(envelope.to);
    if (destination === undefined || destination.epoch !== epoch || destination.peer.ended) return undefined;
    // What goes to a durable actor is kept and stamped first.
    if (destination.terms.isDurable && !isKept(envelope)) return undefined;
    return this.#mail(envelope, destination);
  }

  /** Sends a message to the home of its actor. False: slow down, half a mailbox or more is under way, or the link is full. */
  send(envelope: Envelope, terms: KindTerms, peer: OutboundQueue, epoch: number): boolean {
    const id = envelope.to;
    let destination = this.#byId.get(id);
    if (destination === undefined) {
      if (this.#byId.size >= ROUTES_KEPT) this.#byId.clear();
      destination = new Destination(terms, peer, epoch);
      this.#byId.set(id, destination);
    }
    destination.terms = terms;
    destination.peer = peer;
    destination.epoch = epoch;
    return this.#mail(envelope, destination);
  }

  /** The next message to an actor there is routed anew; what is under way still counts. */
  forgetWaysTo(worker: number): void {
    for (const destination of this.#byId.values()) if (destination.peer.index === worker) destination.epoch = -1;
  }

  #mail(envelope: Envelope, destination: Destination): boolean {
    const { memory } = this.#kernel;
    // Sent on after it waited elsewhere, it is weighed already.
    if (envelope.heavy === undefined) memory.weigh(envelope, envelope.message);
    const bytes = bytesOf(envelope);
    const isClear = destination.peer.mail(envelope);
    return this.#count(envelope.to, destination, bytes) && isClear;
  }

  /** One more is under way. False: half a mailbox or more is. */
  #count(id: ActorId, destination: Destination, bytes: number): boolean {
    const { capacity } = destination.terms;
    const { queueBytesMax } = this.#kernel.memory;
    destination.underWay++;
    destination.sinceBarrier++;
    destination.bytesUnderWay += bytes;
    destination.bytesSinceBarrier += bytes;
    const isDue = destination.sinceBarrier * 4 > capacity || destination.bytesSinceBarrier * 4 > queueBytesMax;
    if (isDue && !destination.isAsking) this.#askBarrier(id, destination);
    return destination.underWay * 2 <= capacity && destination.bytesUnderWay * 2 <= queueBytesMax;
  }

  #askBarrier(id: ActorId, destination: Destination): void {
    const { underWay, bytesUnderWay } = destination;
    destination.sinceBarrier = 0;
    destination.bytesSinceBarrier = 0;
    destination.isAsking = true;
    const reply = this.#kernel.pending.open(id, 0, undefined, undefined);
    const done = (): void => {
      destination.underWay -= underWay;
      destination.bytesUnderWay -= bytesUnderWay;
      destination.isAsking = false;
    };
    // Refused or answered: either way nothing sent before it waits in that mailbox any more.
    reply.promise.then(done, done);
    this.#send(new Envelope('barrier', id, undefined, undefined, reply, 0));
  }
}
