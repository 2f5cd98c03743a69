import { test } from 'vitest';
import { expectPromisesKept } from './suite.ts';

test('nothing is lost or swapped while actors move, and workers come, go and are replaced', { timeout: 600_000 }, () =>
  expectPromisesKept('moves'),
);
