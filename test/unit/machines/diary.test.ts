/** The judge of what volatile actors wrote on real ground: what it finds, and what it lets pass. */
import { expect, test } from 'vitest';
import { judgeDiary } from '../../machines/diary.ts';

const [OLD, NEW] = ['p0000000001-x', 'p0000000002-x'];
const NONE: ReadonlyMap<string, string> = new Map();

function note(id: string, fence: string, n: number, pid: number, time: number): string {
  return `note ${id} ${fence} m1@m1.1 ${n} ${pid} ${time}`;
}

test('messages that are handled twice, or behind a later one, are found', () => {
  const lines = [1, 2, 2, 5, 4].map((n, at) => note('tally/1', OLD, n, 7, at));
  const { breaches, swapped } = judgeDiary(lines, NONE);
  expect(breaches).toEqual([expect.stringContaining('handled twice')]);
  expect(swapped).toEqual([expect.stringMatching(/ 4 7 4 behind 5$/)]);
});

test('a turn by an older owner is found, but for one in which its process was stopped', () => {
  const served = [note('tally/1', OLD, 1, 7, 0), note('tally/1', NEW, 3, 8, 5_000), note('tally/2', NEW, 1, 8, 5_000)];
  const caught = note('tally/1', OLD, 2, 7, 6_000);
  expect(judgeDiary([...served, caught], NONE)).toEqual({ breaches: [], swapped: [] });
  // A process that goes on and begins another turn has looked at no clock.
  const second = note('tally/2', OLD, 2, 7, 6_010);
  expect(judgeDiary([...served, caught, second], NONE).breaches).toEqual([
    expect.stringContaining('older owner'),
    expect.stringContaining('older owner'),
  ]);
  // Stopped once more, much later.
  expect(judgeDiary([...served, caught, note('tally/2', OLD, 1, 7, 60_000)], NONE).breaches).toEqual([]);
});

test('what an asker was told is compared with what was done', () => {
  const lines = [`add tally/1 ${OLD} a1 0 7 1`, `add tally/1 ${OLD} a2 0 7 2`];
  const fates = new Map([
    ['a1', 'not-executed'],
    ['a3', 'replied'],
  ]);
  expect(judgeDiary(lines, fates).breaches).toEqual([
    expect.stringContaining('"not-executed" was handled'),
    expect.stringContaining('never handled'),
  ]);
});
