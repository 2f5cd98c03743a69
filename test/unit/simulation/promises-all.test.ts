import { test } from 'vitest';
import { expectPromisesKept } from './suite.ts';

test('the promises are kept through everything at once', { timeout: 600_000 }, () => expectPromisesKept('all'));
