/** A part of the suite: so many programs of a mix, each by its seed; the first that breaks a promise fails, made shorter. */
import { expect } from 'vitest';
import { failureOf, MACHINE_MIXES, programOf, reportOf, runAny } from './search.ts';

/** Of each of three mixes, in every run of the tests; longer hunts are `npm run simulate`. */
const PROGRAMS = Number(process.env.TROUPE_SIMULATIONS ?? 100);
const STEPS = 100;
const MACHINE_STEPS = 20;
const SHRINK_MS = 30_000;

export async function expectPromisesKept(mix: string, first = 1, programs = PROGRAMS): Promise<void> {
  for (let seed = first; seed < first + programs; seed++) {
    const name = { mix, seed, steps: MACHINE_MIXES[mix] ? MACHINE_STEPS : STEPS };
    const outcome = await runAny(name, programOf(name));
    if (outcome.breaches.list.length > 0) expect.fail(reportOf(await failureOf(name, outcome, SHRINK_MS)));
  }
}
