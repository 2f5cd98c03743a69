/** Where Node.js itself strips types, it is only let try where a module that it could not strip can be loaded once more. */
import { expect, test } from 'vitest';
import { keepsFailedLoads } from '../../../src/worker/typescript-loader.ts';

test.each([
  ['22.18.0', true],
  ['22.23.3', true],
  ['23.11.0', true],
  ['24.0.0', true],
  ['24.13.1', true],
  ['24.14.0', false],
  ['24.21.0', false],
  ['25.0.0', true],
  ['26.0.0', false],
  ['30.1.0', false],
])('Node.js %s: %s', (version, expected) => {
  expect(keepsFailedLoads(version)).toBe(expected);
});
