/**
 * How much this process has under way to each distant actor, so that `tell` can say false before its mailbox overruns.
 * Every quarter of a mailbox a barrier goes along; its reply says that all before it was handled. No link-wide credit
 * can know this: a worker that is idle may host one actor that is not.
 */
import type { Behaviour } from '../actor/behaviour.ts';
import type { Kernel } from '../actor/kernel.ts';
import type { ActorId } from '../vocabulary/address.ts';
import { Envelope } from '../vocabulary/envelope.ts';

/** Actors counted at a time; when more are told, counting begins anew. */
export const DESTINATIONS_KEPT = 65_536;

class Destination {
  /** Sent and not known to be handled. */
  underWay = 0;
  sinceBarrier = 0;
  isAsking = false;
}

export class Destinations {
  readonly #byId = new Map<ActorId, Destination>();
  readonly #kernel: Kernel;
  readonly #send: (envelope: Envelope) => boolean;

  constructor(kernel: Kernel, send: (envelope: Envelope) => boolean) {
    this.#kernel = kernel;
    this.#send = send;
  }

  /** One more is under way. False: half a mailbox or more is. */
  sent(id: ActorId, behaviour: Behaviour): boolean {
    let destination = this.#byId.get(id);
    if (destination === undefined) {
      if (this.#byId.size >= DESTINATIONS_KEPT) this.#byId.clear();
      destination = new Destination();
      this.#byId.set(id, destination);
    }
    destination.underWay++;
    destination.sinceBarrier++;
    if (destination.sinceBarrier * 4 > behaviour.capacity && !destination.isAsking) this.#askBarrier(id, destination);
    return destination.underWay * 2 <= behaviour.capacity;
  }

  #askBarrier(id: ActorId, destination: Destination): void {
    const counted = destination.underWay;
    destination.sinceBarrier = 0;
    destination.isAsking = true;
    const reply = this.#kernel.pending.open(id, 0, undefined, undefined);
    const done = (): void => {
      destination.underWay -= counted;
      destination.isAsking = false;
    };
    // Refused or answered: either way nothing sent before it waits in that mailbox any more.
    reply.promise.then(done, done);
    this.#send(new Envelope('barrier', id, undefined, undefined, reply, 0));
  }
}
