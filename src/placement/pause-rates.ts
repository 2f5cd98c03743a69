/** How many messages of a pattern that was resumed at a rate may go, and when. Time is an argument. */
import { Allowance } from '../structures/allowance.ts';
import type { Pause } from '../vocabulary/pause.ts';

export class PauseRates {
  readonly #allowances = new Map<string, Allowance>();

  /** Of a pattern that is not resumed at a rate none go. */
  take(pauses: readonly Pause[], pattern: string, wanted: number, now: number): { count: number; waitMs: number } {
    const { perSecond } = pauses.find((pause) => pause.pattern === pattern) ?? {};
    if (perSecond === undefined) return { count: 0, waitMs: 0 };
    let allowance = this.#allowances.get(pattern);
    if (allowance?.perSecond !== perSecond) this.#allowances.set(pattern, (allowance = new Allowance(perSecond)));
    const count = allowance.portionOf(wanted);
    return { count, waitMs: allowance.take(count, now) };
  }

  /** Only of those that hold still. */
  keep(pauses: readonly Pause[]): void {
    const patterns = new Set(pauses.map(({ pattern }) => pattern));
    for (const pattern of this.#allowances.keys()) if (!patterns.has(pattern)) this.#allowances.delete(pattern);
  }
}
