/** Waits until the mail that waits in this process now has gone on, as far as its units have a host, or are about to get one. */
import type { Clock } from '../vocabulary/clock.ts';
import { MACHINE_INDEX_MIN, machineIndexOf } from '../vocabulary/host-index.ts';
import { NOWHERE, type Unit } from '../wire/control.ts';
import type { HeldMail } from './held-mail.ts';

/**
 * Which of the mail that waits is meant. `hosted`: for a worker of this machine, or a lost machine. `held`: and for partitions that leave this machine, or whose
 * actors are on their way here. `all`: and for those that are nobody's.
 */
export type MeantMail = 'hosted' | 'held' | 'all';

interface Waiting {
  readonly units: Set<Unit>;
  done(): void;
}

export class HeldSettlement {
  readonly #clock: Clock;
  readonly #holds: HeldMail;
  readonly #waiting = new Set<Waiting>();

  constructor(clock: Clock, holds: HeldMail) {
    this.#clock = clock;
    this.#holds = holds;
  }

  /** Resolves after `withinMs` at the latest. `isAwaited`: of a unit that has mail here. */
  settled(isAwaited: (unit: Unit) => boolean, withinMs: number): Promise<void> {
    const units = new Set(this.#holds.units().filter(isAwaited));
    if (units.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const waiting: Waiting = {
        units,
        done: () => {
          timer.cancel();
          this.#waiting.delete(waiting);
          resolve();
        },
      };
      const timer = this.#clock.setTimer(withinMs, waiting.done);
      this.#waiting.add(waiting);
    });
  }

  /** Mail has gone on. */
  look(): void {
    for (const { units, done } of [...this.#waiting]) {
      for (const unit of units) if (!this.#holds.holdsMailFor(unit)) units.delete(unit);
      if (units.size === 0) done();
    }
  }
}

/**
 * Whether mail for a host goes on by itself: to a worker of this machine, or to whoever claims what a lost machine had. `host`: undefined while it is asked for.
 * NOWHERE: no worker here can host it, or its partition is nobody's, or a lost machine's; that is waited for only where `isPatient`.
 */
export function goesOn(host: number | undefined, isPatient: boolean, isKnown: (machine: number) => boolean): boolean {
  if (host === undefined || host < MACHINE_INDEX_MIN) return host !== NOWHERE || isPatient;
  return !isKnown(machineIndexOf(host));
}
