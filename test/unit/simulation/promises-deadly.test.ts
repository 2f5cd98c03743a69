import { test } from 'vitest';
import { expectPromisesKept } from './suite.ts';

/** Of them, beside those of the other parts. */
const PROGRAMS = Math.min(60, Number(process.env.TROUPE_SIMULATIONS ?? 60));

test('random programs keep every promise: everything, messages whose handler kills its process, errors with much text, asks given up', {
  timeout: 300_000,
}, async () => {
  await expectPromisesKept('deadly', 1, PROGRAMS);
});
