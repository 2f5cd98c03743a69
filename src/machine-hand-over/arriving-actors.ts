/** A worker's part in what another machine has handed over: kept as it comes from the way in, and running once the table says that all is there. */
import type { LocalActors } from '../actor/local-actors.ts';
import { type DroppedTransfer, IncomingHandoff, type IncomingParts } from '../handoff/incoming.ts';
import { pieceOf } from '../handoff/transfer-codec.ts';
import type { ActorId } from '../vocabulary/address.ts';
import { asError } from '../vocabulary/errors.ts';

export interface ArrivingParts extends IncomingParts {
  readonly actors: LocalActors;
}

interface Incoming {
  readonly handoff: IncomingHandoff;
  readonly from: ActorId;
  /** It began to come when its arrival was over: the actors have begun anew, or elsewhere. */
  readonly isLate: boolean;
}

export class ArrivingActors {
  readonly #parts: ArrivingParts;
  readonly #incoming = new Map<number, Incoming>();
  /** Arrivals up to this number are over. */
  #arrived = 0;

  constructor(parts: ArrivingParts) {
    this.#parts = parts;
  }

  /** `from`: the process that sends it. Returned: what came too late, with its last part. */
  part(number: number, part: unknown, from: ActorId): DroppedTransfer[] {
    let incoming = this.#incoming.get(number);
    if (!incoming) {
      incoming = { handoff: new IncomingHandoff(this.#parts), from, isLate: number <= this.#arrived };
      this.#incoming.set(number, incoming);
    }
    const piece = pieceOf(part);
    if (piece) incoming.handoff.add(piece);
    else if (incoming.isLate) return this.#end(number, incoming, () => true);
    else this.#complete(incoming.handoff);
    return [];
  }

  /** Arrivals up to this number run here from now on, but for what `isLost` says: that is returned. */
  arrived(upTo: number, isLost: (id: ActorId) => boolean): DroppedTransfer[] {
    this.#arrived = upTo;
    const over = [...this.#incoming].filter(([number, { isLate }]) => number <= upTo && !isLate);
    return over.flatMap(([number, incoming]) => this.#end(number, incoming, isLost));
  }

  #end(number: number, { handoff, from }: Incoming, isLost: (id: ActorId) => boolean): DroppedTransfer[] {
    this.#incoming.delete(number);
    const dropped = handoff.drop(isLost);
    handoff.commit(from);
    return [dropped];
  }

  #complete(handoff: IncomingHandoff): void {
    const { log } = this.#parts.actors.kernel;
    // Actors that can be read run all the same: their old machine has them no more.
    handoff.complete().catch((error) => log.error({ err: asError(error) }, 'what was handed over is not whole'));
  }
}
