/**
 * The routes to the distant actors that this process sends to: by id, valid for one epoch. Mail in flight on each is counted by
 * flow-control.ts.
 */
import type { Kernel } from '../actor/kernel.ts';
import type { ActorId } from '../vocabulary/address.ts';
import { type Envelope, isTracked } from '../vocabulary/envelope.ts';
import { bytesOf } from '../plain-data/weight.ts';
import type { KindTerms } from '../wire/control.ts';
import type { OutboundQueue } from '../peer/outbound-queue.ts';
import { FlowControl, SentMail } from './flow-control.ts';

/** Actors counted at a time; when more are told, counting begins anew. */
export const ROUTES_KEPT = 65_536;

class Route extends SentMail {
  terms: KindTerms;
  /** The link to its host, in the epoch in which that was looked up (S4: asking the table again cost more than encoding). */
  peer: OutboundQueue;
  epoch: number;

  constructor(terms: KindTerms, peer: OutboundQueue, epoch: number) {
    super();
    this.terms = terms;
    this.peer = peer;
    this.epoch = epoch;
  }
}

export class RouteCache {
  readonly #byId = new Map<ActorId, Route>();
  readonly #kernel: Kernel;
  readonly #flow: FlowControl;

  constructor(kernel: Kernel, send: (envelope: Envelope) => boolean) {
    this.#kernel = kernel;
    this.#flow = new FlowControl(kernel, send);
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
    return this.#flow.count(envelope.to, route, bytes, route.terms.capacity) && isClear;
  }
}
