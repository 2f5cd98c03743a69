/** From how many deaths of processes on a message is not tried again, or runs alone. */
import { expect, test } from 'vitest';
import { CONDEMNED_PAUSE_MS, isCondemned, isDeadly, runsAlone } from '../../../src/durability/probation.ts';
import type { Deaths } from '../../../src/journal/turn-journal.ts';
import {
  DEATHS_BEFORE_COMMIT_ALONE,
  DEATHS_BEFORE_COMMIT_MAX,
  NOTED_DEATHS_MAX,
  PROCESS_DEATHS_MAX,
} from '../../../src/supervision/process-deaths.ts';

const deaths = (inTurn: number, beforeCommit: number): Deaths => ({ inTurn, beforeCommit, at: 1_000 });

test('a message may end so many processes in its turn, of which the first is not noted', () => {
  expect(NOTED_DEATHS_MAX).toBe(PROCESS_DEATHS_MAX - 1);
  expect(isDeadly(deaths(NOTED_DEATHS_MAX - 1, 0))).toBe(false);
  expect(isDeadly(deaths(NOTED_DEATHS_MAX, 0))).toBe(true);
});

test('between its handler and its commit more may die, for that is chance', () => {
  expect(isDeadly(deaths(0, DEATHS_BEFORE_COMMIT_MAX - 1))).toBe(false);
  expect(isDeadly(deaths(0, DEATHS_BEFORE_COMMIT_MAX))).toBe(true);
});

test('it runs alone after one death in its turn, and after some before its commit', () => {
  expect(runsAlone(deaths(0, 0))).toBe(false);
  expect(runsAlone(deaths(1, 0))).toBe(true);
  expect(runsAlone(deaths(0, DEATHS_BEFORE_COMMIT_ALONE - 1))).toBe(false);
  expect(runsAlone(deaths(0, DEATHS_BEFORE_COMMIT_ALONE))).toBe(true);
});

test('a start that ended too many is left alone for a while', () => {
  expect(isCondemned(deaths(PROCESS_DEATHS_MAX - 1, 0), 1_000)).toBe(false);
  expect(isCondemned(deaths(PROCESS_DEATHS_MAX, 0), 1_000 + CONDEMNED_PAUSE_MS - 1)).toBe(true);
  expect(isCondemned(deaths(PROCESS_DEATHS_MAX, 0), 1_000 + CONDEMNED_PAUSE_MS)).toBe(false);
});
