/** The last turns of actors that are shown, asked of all processes again only once an actor has done something. */
import type { ActorInspection } from '../observe/actor-inspection.ts';
import type { PastTurn } from '../observe/turn-history.ts';
import type { System } from '../system/system.ts';
import type { Clock } from '../vocabulary/clock.ts';

/** Turns of an actor that are shown. */
export const TURNS_SHOWN = 100;
/** Actors whose turns are remembered: as many as screens are looked at. */
export const TURNS_KNOWN_MAX = 64;
/** Milliseconds by which the time of an actor's last turn may be told too early. */
const INEXACT_MS = 100;

interface Known {
  readonly worker: number | undefined;
  /** Milliseconds since the Unix epoch: what was done later is not in it. */
  readonly askedAt: number;
  readonly turns: readonly PastTurn[];
}

export class LastTurns {
  readonly #system: Pick<System, 'history'>;
  readonly #clock: Clock;
  /** By id, the one that was looked at last at the end. */
  readonly #known = new Map<string, Known>();

  constructor(system: Pick<System, 'history'>, clock: Clock) {
    this.#system = system;
    this.#clock = clock;
  }

  async of({ id, worker, since }: ActorInspection): Promise<readonly PastTurn[]> {
    const before = this.#known.get(id);
    const isQuiet = since !== undefined && before?.worker === worker && since + INEXACT_MS < (before?.askedAt ?? 0);
    const now = before !== undefined && isQuiet ? before : await this.#ask(id, worker);
    this.#known.delete(id);
    this.#known.set(id, now);
    for (const oldest of this.#known.keys()) if (this.#known.size > TURNS_KNOWN_MAX) this.#known.delete(oldest);
    return now.turns;
  }

  async #ask(id: string, worker: number | undefined): Promise<Known> {
    const askedAt = this.#clock.wall();
    return { worker, askedAt, turns: await this.#system.history(id, { last: TURNS_SHOWN }) };
  }
}
