import { test } from 'vitest';
import { expectPromisesKept } from './suite.ts';

test('the promises are kept through crashes, hangs, broken links and jumps of the clock', { timeout: 600_000 }, () =>
  expectPromisesKept('fate'),
);
