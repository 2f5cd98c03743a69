/** Units that belong to a worker and are elsewhere come to it by hand-off, while all goes on. */
import type { Log } from '../observe/log.ts';
import type { Clock } from '../vocabulary/clock.ts';
import type { Unit } from '../wire/control.ts';
import type { LiveMoves } from './live-moves.ts';
import type { ShareMove } from '../placement-service/table-draft.ts';

export interface SharesParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly moves: LiveMoves;
  /** Milliseconds that a unit may take to come to a stand. */
  readonly limitMs: number;
}

export class Rebalancing {
  readonly #parts: SharesParts;
  /** Workers whose share is on its way to them. */
  readonly #coming = new Map<number, Promise<void>>();

  constructor(parts: SharesParts) {
    this.#parts = parts;
  }

  /** A unit that its old host refuses stays there; of several units the others still go. */
  come(index: number, moves: readonly ShareMove[]): void {
    const arrived = Promise.all(routesOf(moves).map(({ to, units }) => this.#offer(units, to))).then(() => {});
    this.#coming.set(index, arrived);
    void arrived.then(() => this.#coming.get(index) === arrived && this.#coming.delete(index));
  }

  /** Resolves when the share of a worker that has come has moved there, or stays elsewhere. */
  async arrived(index: number): Promise<void> {
    await this.#coming.get(index);
  }

  /** Like `come`, but what runs past the deadline is killed; rejects with the first refusal. */
  async force(moves: readonly ShareMove[]): Promise<void> {
    const { clock, limitMs, moves: live } = this.#parts;
    const limits = { untilMs: clock.now() + limitMs, isForced: true };
    const ends = await Promise.allSettled(routesOf(moves).map(({ to, units }) => live.move(units, to, limits)));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  async #offer(units: Unit[], to: number): Promise<void> {
    const { clock, limitMs, log, moves } = this.#parts;
    try {
      await moves.move(units, to, { untilMs: clock.now() + limitMs, isForced: false });
    } catch (error) {
      log.debug({ units: units.length, to, err: error }, 'units stay where they are');
    }
  }
}

function routesOf(moves: readonly ShareMove[]): { to: number; units: Unit[] }[] {
  const routes = new Map<string, { to: number; units: Unit[] }>();
  for (const { unit, from, to } of moves) {
    const route = routes.get(`${from}:${to}`) ?? { to, units: [] };
    routes.set(`${from}:${to}`, route);
    route.units.push(unit);
  }
  return [...routes.values()];
}
