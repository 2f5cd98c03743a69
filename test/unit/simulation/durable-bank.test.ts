import { expect, test } from 'vitest';
import { runBank } from './durable-bank.ts';

const RUNS = Number(process.env.TROUPE_BANK_RUNS ?? 5);
const FIRST = Number(process.env.TROUPE_BANK_SEED ?? 1);

test.each([
  ['crashes of workers, moves, hangs, broken links', {}],
  ['commits that fail, hang, or fail although they wrote', { faults: true }],
  ['an owner of the store that stands still and fails', { ownerFaults: true }],
  ['all of that', { faults: true, ownerFaults: true }],
  ['all of that, of a store that gathers commits', { faults: true, ownerFaults: true, gathersCommits: true }],
  ['turns that take long, and reminders of accounts that are busy', { busy: true }],
])('the sum never changes and each transfer applies once, under %s', { timeout: 600_000 }, async (_name, more) => {
  for (let seed = FIRST; seed < FIRST + RUNS; seed++) {
    const { breaches } = await runBank({ seed, steps: 120, ...more });
    expect(breaches, `seed ${seed}`).toEqual([]);
  }
});

test('restarts of everything lose and repeat nothing that was committed', { timeout: 600_000 }, async () => {
  for (let seed = FIRST; seed < FIRST + RUNS; seed++) {
    const { breaches } = await runBank({ seed, steps: 60, restarts: 2, faults: true, ownerFaults: true });
    expect(breaches, `seed ${seed}`).toEqual([]);
  }
});

test('while a commit is in doubt there is no other one, which would pass for it', async () => {
  expect((await runBank({ seed: 300, steps: 60, restarts: 2, faults: true })).breaches).toEqual([]);
});

test('two hosts never draw the same fence: a commit in doubt would pass for one of the other', async () => {
  expect((await runBank({ seed: 10_937, steps: 60, restarts: 2, faults: true })).breaches).toEqual([]);
});
