/**
 * Mail in flight to each distant actor, counted so that `tell` can say false before its mailbox overruns. Every quarter of a mailbox a barrier
 * goes along; its reply says that all before it was handled. No link-wide credit can know this: a worker that is idle may host one actor that
 * is not.
 */
import type { Kernel } from '../actor/kernel.ts';
import type { ActorId } from '../vocabulary/address.ts';
import { Envelope } from '../vocabulary/envelope.ts';

/** The mail of this process that one distant actor is sent. */
export class SentMail {
  /** Sent and not known to be handled. */
  inFlight = 0;
  bytesInFlight = 0;
  sinceBarrier = 0;
  bytesSinceBarrier = 0;
  isAsking = false;
}

export class FlowControl {
  readonly #kernel: Kernel;
  readonly #send: (barrier: Envelope) => boolean;

  constructor(kernel: Kernel, send: (barrier: Envelope) => boolean) {
    this.#kernel = kernel;
    this.#send = send;
  }

  /** One more is in flight. `capacity`: of the actor's mailbox. False: half of that or more is in flight. */
  count(id: ActorId, mail: SentMail, bytes: number, capacity: number): boolean {
    const { queueBytesMax } = this.#kernel.memory;
    mail.inFlight++;
    mail.sinceBarrier++;
    mail.bytesInFlight += bytes;
    mail.bytesSinceBarrier += bytes;
    const isDue = mail.sinceBarrier * 4 > capacity || mail.bytesSinceBarrier * 4 > queueBytesMax;
    if (isDue && !mail.isAsking) this.#askBarrier(id, mail);
    return mail.inFlight * 2 <= capacity && mail.bytesInFlight * 2 <= queueBytesMax;
  }

  #askBarrier(id: ActorId, mail: SentMail): void {
    const { inFlight, bytesInFlight } = mail;
    mail.sinceBarrier = 0;
    mail.bytesSinceBarrier = 0;
    mail.isAsking = true;
    const reply = this.#kernel.pending.open(id, 0, undefined, undefined);
    const done = (): void => {
      mail.inFlight -= inFlight;
      mail.bytesInFlight -= bytesInFlight;
      mail.isAsking = false;
    };
    // Refused or answered: either way nothing sent before it waits in that mailbox any more.
    reply.promise.then(done, done);
    this.#send(new Envelope('barrier', id, undefined, undefined, reply, 0));
  }
}
