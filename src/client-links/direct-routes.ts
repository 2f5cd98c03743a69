/**
 * Which asks of a client may go to the worker of their actor directly. The process that serves the client is one hop more, and the route of all else: the order of
 * what one client sends one actor holds over both ways, since
 *
 *   nothing goes directly      before an ask by the serving process, sent after all else of this client, was answered by that actor,
 *                              and while one of its asks is on that way
 *   nothing goes the other way while an ask to the same actor may not have come in (kept-mail.ts holds it back)
 *
 * docs/decisions/0099 is the table of who may die.
 */
import type { Kernel } from '../actor/kernel.ts';
import { directOfferOf, type DirectOffer } from '../client-wire/client-greeting.ts';
import type { NumberTable } from '../structures/number-table.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Envelope } from '../vocabulary/envelope.ts';
import type { Signal } from '../vocabulary/signal.ts';
import type { Link } from '../wire/link.ts';
import { DirectLink } from './direct-link.ts';

/** Answered asks of one actor, one after another, until a socket of its worker is looked for. */
export const LOOK_AFTER_ASKS = 32;
/** Actors whose ways are known, at most; of one more all goes by the process that serves. */
export const ROUTES_MAX = 256;
/** Connections to workers, at most. */
export const LINKS_MAX = 64;
/** Milliseconds until one is looked for again where there was none, or it was shut. */
export const LOOK_AGAIN_MS = 1_000;
export const LOOK_AGAIN_MS_MAX = 60_000;

interface Route {
  readonly id: ActorId;
  /** Asks by the process that serves which have not settled. */
  inFlight: number;
  /** One of them did not come to an answer: it says nothing of what was sent before. */
  hasFailed: boolean;
  /** How much else had been sent when the last of them was; all of that has come in once they are answered. */
  lastElse: number;
  heardElse: number;
  /** Asks that may not have come in. */
  untaken: number;
  answered: number;
  link: DirectLink | undefined;
  isLooking: boolean;
  lookAgainAt: number;
  lookAgainMs: number;
}

export interface DirectRoutesParts {
  kernel(): Kernel;
  toRef(id: ActorId): unknown;
  /** Of the serving process; undefined: it knows none. */
  offer(id: ActorId): Promise<unknown>;
  /** Rejects where nobody is there. */
  dial(offer: DirectOffer): Promise<Link>;
  /** It is to go by the process that serves, before all that has been sent since. */
  back(envelope: Envelope): void;
  /** Of no ask it is unknown any more whether it has come in. */
  allTaken(): void;
  settled(number: number, asks: NumberTable<Envelope>): void;
}

export class DirectRoutes {
  readonly #parts: DirectRoutesParts;
  readonly #routes = new Map<ActorId, Route>();
  /** By path: those that may take more. */
  readonly #links = new Map<string, DirectLink>();
  readonly #all = new Set<DirectLink>();
  #givenUp: { readonly number: number; readonly link: DirectLink } | undefined;
  /** Sent so far, and no ask of an actor. */
  #else = 0;
  #untaken = 0;
  /** Grows with each connection to a system: what was looked for before is of another one. */
  #era = 0;
  #last: Route | undefined;

  constructor(parts: DirectRoutesParts) {
    this.#parts = parts;
  }

  /** Asks that may not have come in. */
  get untaken(): number {
    return this.#untaken;
  }

  untakenOf(id: ActorId): number {
    return this.#untaken === 0 ? 0 : (this.#routes.get(id)?.untaken ?? 0);
  }

  /** Asks on their way that have not settled. */
  get asks(): number {
    let sum = 0;
    for (const link of this.#all) sum += link.asks.size;
    return sum;
  }

  /** Of an ask that was given up; false: it did not go this way. */
  signal(to: ActorId, signal: Signal & { type: 'ask-given-up' }): boolean {
    const given = this.#givenUp;
    this.#givenUp = undefined;
    if (given?.number !== signal.correlation) return false;
    given.link.signal(to, signal);
    return true;
  }

  /** The link by which an ask of the actor may go now. */
  linkTo(id: ActorId): DirectLink | undefined {
    const route = this.#routeOf(id);
    const link = route?.link;
    if (route === undefined || link === undefined || route.inFlight > 0 || route.heardElse !== this.#else)
      return undefined;
    return link.isOpen ? link : undefined;
  }

  /** By the link that `linkTo` gave. */
  ask(link: DirectLink, envelope: Envelope): void {
    (this.#routes.get(envelope.to) as Route).untaken++;
    this.#untaken++;
    link.ask(envelope);
  }

  /** An ask goes by the process that serves. False: it need not be told how it ends. `isBack`: it goes before what was sent after it, and says nothing of that. */
  asked(id: ActorId, isBack = false): boolean {
    const route = this.#routeOf(id) ?? this.#newRoute(id);
    if (route === undefined) return false;
    route.inFlight++;
    route.lastElse = this.#else;
    route.hasFailed ||= isBack;
    return true;
  }

  settled(id: ActorId, isAnswered: boolean): void {
    const route = this.#routeOf(id);
    if (route === undefined) return;
    route.inFlight--;
    if (!isAnswered) {
      route.hasFailed = true;
      route.answered = 0;
    }
    if (route.inFlight > 0) return;
    route.heardElse = route.hasFailed ? -1 : route.lastElse;
    route.hasFailed = false;
    if (++route.answered >= LOOK_AFTER_ASKS && route.link?.isOpen !== true && !route.isLooking) this.#lookIfDue(route);
  }

  /** Something else than an ask of an actor is sent. */
  sentElse(): void {
    this.#else++;
  }

  /** The connection to the system has ended: the sockets that are known may be those of another one. */
  detach(): void {
    this.#era++;
    for (const route of this.#routes.values()) {
      route.link = undefined;
      route.answered = 0;
    }
    this.#links.clear();
    for (const link of [...this.#all]) link.shut();
  }

  beat(): void {
    for (const link of [...this.#all]) link.beat();
  }

  close(): void {
    this.#era++;
    for (const link of this.#all) link.destroy();
  }

  #routeOf(id: ActorId): Route | undefined {
    if (this.#last?.id === id) return this.#last;
    const route = this.#routes.get(id);
    if (route !== undefined) this.#last = route;
    return route;
  }

  /** In the place of one that is not in use, where there are many. */
  #newRoute(id: ActorId): Route | undefined {
    if (this.#routes.size >= ROUTES_MAX) {
      const [oldest] = this.#routes.values();
      if (oldest === undefined) return undefined;
      this.#routes.delete(oldest.id);
      if (oldest.inFlight > 0 || oldest.untaken > 0 || oldest.isLooking) {
        this.#routes.set(oldest.id, oldest);
        return undefined;
      }
      if (this.#last === oldest) this.#last = undefined;
    }
    const route: Route = {
      ...{ id, inFlight: 0, hasFailed: false, lastElse: 0, heardElse: -1, untaken: 0, answered: 0 },
      ...{ link: undefined, isLooking: false, lookAgainAt: 0, lookAgainMs: LOOK_AGAIN_MS },
    };
    this.#routes.set(id, route);
    return route;
  }

  #lookIfDue(route: Route): void {
    const now = this.#parts.kernel().clock.now();
    if (now < route.lookAgainAt) return;
    route.isLooking = true;
    route.lookAgainAt = now + route.lookAgainMs;
    route.lookAgainMs = Math.min(LOOK_AGAIN_MS_MAX, route.lookAgainMs * 2);
    this.#look(route, this.#era)
      .catch(() => {
        // None is no fault: all goes by the process that serves.
      })
      .finally(() => {
        route.isLooking = false;
      });
  }

  async #look(route: Route, era: number): Promise<void> {
    const offer = directOfferOf(await this.#parts.offer(route.id));
    if (offer === undefined || era !== this.#era) return;
    const known = this.#links.get(offer.path);
    if (known?.isOpen) route.link = known;
    if (known !== undefined || this.#all.size >= LINKS_MAX) return;
    const link = await this.#parts.dial(offer);
    if (era !== this.#era || this.#links.has(offer.path)) return link.destroy();
    route.link = this.#join(offer.path, link);
    route.lookAgainMs = LOOK_AGAIN_MS;
  }

  #join(path: string, link: Link): DirectLink {
    const { toRef, back, kernel } = this.#parts;
    const direct: DirectLink = new DirectLink(link, kernel(), {
      ...{ toRef, back },
      settled: (number, isAnswered) => {
        if (!isAnswered) this.#givenUp = { number, link: direct };
        this.#parts.settled(number, direct.asks);
      },
      taken: (id) => this.#taken(id),
      ended: () => {
        this.#all.delete(direct);
        if (this.#links.get(path) === direct) this.#links.delete(path);
      },
    });
    this.#links.set(path, direct);
    this.#all.add(direct);
    return direct;
  }

  #taken(id: ActorId): void {
    const route = this.#routes.get(id);
    if (route !== undefined) route.untaken--;
    if (--this.#untaken === 0) this.#parts.allTaken();
  }
}
