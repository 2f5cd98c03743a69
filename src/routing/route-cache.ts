/**
 * The distant actors that this process sends to: the way to each, and how much is in flight, so that `tell` can say
 * false before its mailbox overruns. Every quarter of a mailbox a barrier goes along; its reply says that all before it was handled. No link-wide credit
 * can know this: a worker that is idle may host one actor that is not.
 */
import type { Kernel } from '../actor/kernel.ts';
import type { ActorId } from '../vocabulary/address.ts';
import { Envelope, isTracked } from '../vocabulary/envelope.ts';
import { bytesOf } from '../vocabulary/weight.ts';
import type { KindTerms } from '../wire/control.ts';
import type { OutboundQueue } from '../peer/outbound-queue.ts';

/** Actors counted at a time; when more are told, counting begins anew. */
export const ROUTES_KEPT = 65_536;

class Route {
  terms: KindTerms;
  /** The link to its host, in the epoch in which that was looked up (S4: asking the table again cost more than encoding). */
  peer: OutboundQueue;
  epoch: number;
  /** Sent and not known to be handled. */
  inFlight = 0;
  bytesInFlight = 0;
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
  readonly #byId = new Map<ActorId, Route>();
  readonly #kernel: Kernel;
  readonly #send: (envelope: Envelope) => boolean;

  constructor(kernel: Kernel, send: (envelope: Envelope) => boolean) {
    this.#kernel = kernel;
    this.#send = send;
  }

  /** Sends a message the way that the last one to its actor went; undefined where that may not hold any more. */
  sendByCachedRoute(envelope: Envelope, epoch: number): boolean | undefined {
    const route = this.#byId.get(envelope.to);
    if (route === undefined || route.epoch !== epoch || route.peer.ended) return undefined;
    // Mail to a durable actor is kept and stamped first.
    if (route.terms.isDurable && !isTracked(envelope)) return undefined;
    return this.#mail(envelope, route);
  }

  /** Sends a message to the host of its actor. False: slow down, half a mailbox or more is in flight, or the link is full. */
  send(envelope: Envelope, terms: KindTerms, peer: OutboundQueue, epoch: number): boolean {
    const id = envelope.to;
    let route = this.#byId.get(id);
    if (route === undefined) {
      if (this.#byId.size >= ROUTES_KEPT) this.#byId.clear();
      route = new Route(terms, peer, epoch);
      this.#byId.set(id, route);
    }
    route.terms = terms;
    route.peer = peer;
    route.epoch = epoch;
    return this.#mail(envelope, route);
  }

  /** The next message to an actor there is routed anew; what is in flight still counts. */
  forgetRoutesTo(worker: number): void {
    for (const route of this.#byId.values()) if (route.peer.index === worker) route.epoch = -1;
  }

  /**
   * Past the routes of this process's own mail. A dam is of that alone: who has sent this mail may wait for it, and the dam for an answer from there
   * (docs/decisions/0100).
   */
  passOn(envelope: Envelope, peer: OutboundQueue): boolean {
    if (envelope.heavy === undefined) this.#kernel.memory.weigh(envelope, envelope.message);
    let isClear = true;
    peer.beforeDam(() => {
      isClear = peer.mail(envelope);
    });
    return isClear;
  }

  /** The next message to each actor is routed anew. */
  forgetRoutes(): void {
    for (const route of this.#byId.values()) route.epoch = -1;
  }

  #mail(envelope: Envelope, route: Route): boolean {
    const { memory } = this.#kernel;
    // Sent on after it waited elsewhere, it is weighed already.
    if (envelope.heavy === undefined) memory.weigh(envelope, envelope.message);
    const bytes = bytesOf(envelope);
    const isClear = route.peer.mail(envelope);
    return this.#count(envelope.to, route, bytes) && isClear;
  }

  /** One more is in flight. False: half a mailbox or more is. */
  #count(id: ActorId, route: Route, bytes: number): boolean {
    const { capacity } = route.terms;
    const { queueBytesMax } = this.#kernel.memory;
    route.inFlight++;
    route.sinceBarrier++;
    route.bytesInFlight += bytes;
    route.bytesSinceBarrier += bytes;
    const isDue = route.sinceBarrier * 4 > capacity || route.bytesSinceBarrier * 4 > queueBytesMax;
    if (isDue && !route.isAsking) this.#askBarrier(id, route);
    return route.inFlight * 2 <= capacity && route.bytesInFlight * 2 <= queueBytesMax;
  }

  #askBarrier(id: ActorId, route: Route): void {
    const { inFlight, bytesInFlight } = route;
    route.sinceBarrier = 0;
    route.bytesSinceBarrier = 0;
    route.isAsking = true;
    const reply = this.#kernel.pending.open(id, 0, undefined, undefined);
    const done = (): void => {
      route.inFlight -= inFlight;
      route.bytesInFlight -= bytesInFlight;
      route.isAsking = false;
    };
    // Refused or answered: either way nothing sent before it waits in that mailbox any more.
    reply.promise.then(done, done);
    this.#send(new Envelope('barrier', id, undefined, undefined, reply, 0));
  }
}
