/** A worker's part in what another machine has handed over: kept as it comes from the way in, and running once the table says that all is there. */
import type { LocalActors } from '../actor/local-actors.ts';
import { IncomingHandoff, type IncomingParts } from '../handoff/incoming.ts';
import { pieceOf } from '../handoff/transfer-codec.ts';
import type { ActorId } from '../vocabulary/address.ts';
import { asError } from '../vocabulary/errors.ts';

export interface ArrivingParts extends IncomingParts {
  readonly actors: LocalActors;
}

export class ArrivingActors {
  readonly #parts: ArrivingParts;
  readonly #incoming = new Map<number, { handoff: IncomingHandoff; from: ActorId }>();

  constructor(parts: ArrivingParts) {
    this.#parts = parts;
  }

  /** `from`: the process that sends it. */
  part(number: number, part: unknown, from: ActorId): void {
    let incoming = this.#incoming.get(number);
    if (!incoming) this.#incoming.set(number, (incoming = { handoff: new IncomingHandoff(this.#parts), from }));
    const piece = pieceOf(part);
    if (piece) return incoming.handoff.add(piece);
    const { log } = this.#parts.actors.kernel;
    // Actors that can be read run all the same: their old machine has them no more.
    incoming.handoff
      .complete()
      .catch((error) => log.error({ err: asError(error) }, 'what was handed over is not whole'));
  }

  /** Arrivals up to this number run here from now on. */
  arrived(upTo: number): void {
    for (const [number, { handoff, from }] of this.#incoming) {
      if (number > upTo) continue;
      this.#incoming.delete(number);
      handoff.commit(from);
    }
  }
}
