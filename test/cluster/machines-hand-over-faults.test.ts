/**
 * Cells of the second table of docs/machine-faults.md happen, on real processes: one fault at one step of a hand-over. Each step and each fault has
 * two; all of them do where TROUPE_HAND_OVER_FAULTS is `all`, which takes three times as long.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HandOverGround, type Step } from '../machines/hand-over-ground.ts';
import { lackOfPostgres } from '../postgres/postgres-files.ts';
import { readText } from '../unit/sources.ts';

const LEASE = 1_500;
/** Cells at once. */
const GROUNDS = 3;

const STEPS: Record<string, Step> = {
  'stand: its actors are to stop': { at: 'old', step: 'stand' },
  'flush: all that was sent before is to arrive': { at: 'old', step: 'flush' },
  'transfer: what lives there is to be sent': { at: 'old', step: 'transfer' },
  'commit: the new owner has all, the directory is to say so': { at: 'old', step: 'commit' },
  'arrive: the new owner has read the table': { at: 'new', step: 'arrive' },
  'left: the old owner has read the table': { at: 'old', step: 'left', isServed: true },
};

const [, table = ''] = readText('docs/machine-faults.md').split('## On real ground');
const [head = [], ...rows] = table
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .map((line) => line.slice(2, -2).split(' | '));
const isWhole = process.env.TROUPE_HAND_OVER_FAULTS === 'all';
const cells = rows.flatMap(([name = '', ...row], line) =>
  row
    .map((what, at): [step: string, fault: string, what: string] => [name, head[at + 1] as string, what])
    .filter((_, at) => isWhole || (line + at) % 3 === 0),
);

describe.skipIf(lackOfPostgres() !== undefined)('one fault at one step of a hand-over between two machines', () => {
  const free: HandOverGround[] = [];
  const waiting: ((ground: HandOverGround) => void)[] = [];

  beforeAll(async () => {
    for (let at = 0; at < GROUNDS; at++) free.push(await HandOverGround.make(LEASE));
  }, 60_000);
  afterAll(() => Promise.all(free.map((ground) => ground.end())), 30_000);

  async function outcome(step: Step, fault: string): Promise<[string, readonly string[]]> {
    const ground = free.pop() ?? (await new Promise<HandOverGround>((resolve) => waiting.push(resolve)));
    try {
      return await ground.outcome(step, fault);
    } finally {
      const next = waiting.shift();
      if (next) next(ground);
      else free.push(ground);
    }
  }

  test('stands in the table, each step and each fault', () => {
    expect(head).toEqual(['step', ...Object.keys(free[0]?.faults ?? {})]);
    expect(rows.map(([name]) => name)).toEqual(Object.keys(STEPS));
    for (const [at, names] of [Object.keys(STEPS), head.slice(1)].entries())
      for (const name of names) expect(cells.filter((cell) => cell[at] === name).length).toBeGreaterThanOrEqual(2);
  });

  test.concurrent.each(cells)('%s; %s: %s', { timeout: 180_000 }, async (name, fault, what) => {
    expect(await outcome(STEPS[name] as Step, fault)).toEqual([what, []]);
  });
});
