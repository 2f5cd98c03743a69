/** Pauses: from the moment when one is promised until it is taken back, no turn and no start of a matching actor begins. */
import type { System } from '../../../src/system/system.ts';
import { matcherOf } from '../../../src/vocabulary/pause.ts';
import type { Breaches } from './breaches.ts';
import type { Changes } from './changes.ts';

interface Promised {
  readonly matches: (id: string) => boolean;
  /** Of the last call for this pattern. */
  number: number;
  isInForce: boolean;
}

export class Pauses {
  readonly #breaches: Breaches;
  readonly #changes: Changes;
  readonly #promised = new Map<string, Promised>();
  /** Pauses that were promised, and begins that were looked at while some were. */
  inForce = 0;
  looked = 0;

  constructor(breaches: Breaches, changes: Changes) {
    this.#breaches = breaches;
    this.#changes = changes;
  }

  pause(system: System, pattern: string): void {
    const promised = this.#of(pattern);
    const number = ++promised.number;
    const change = this.#changes.begin('pause');
    system.pause(pattern, { reason: `pause ${number}` }).then(
      () => {
        change.end('done');
        if (promised.number !== number) return;
        promised.isInForce = true;
        this.inForce++;
      },
      (error) => change.end(error.code ?? String(error)),
    );
  }

  resume(system: System, pattern: string, perSecond: number | undefined): void {
    const promised = this.#of(pattern);
    promised.number++;
    promised.isInForce = false;
    const change = this.#changes.begin('resume');
    system.resume(pattern, { perSecond }).then(
      (was) => change.end(was ? 'done' : 'none'),
      (error) => change.end(error.code ?? String(error)),
    );
  }

  /** All that were ever paused. */
  resumeAll(system: System): void {
    for (const pattern of this.#promised.keys()) this.resume(system, pattern, undefined);
  }

  /** A turn, or a start, begins now. */
  begins(id: string, what: string): void {
    for (const [pattern, { matches, isInForce, number }] of this.#promised) {
      if (!isInForce) continue;
      this.looked++;
      if (matches(id)) this.#breaches.add('state', `${id} ${what}, though pause ${number} of ${pattern} is in force`);
    }
  }

  #of(pattern: string): Promised {
    let promised = this.#promised.get(pattern);
    if (!promised)
      this.#promised.set(pattern, (promised = { matches: matcherOf(pattern), number: 0, isInForce: false }));
    return promised;
  }
}
