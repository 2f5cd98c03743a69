/** docs/fault-table.md, cell by cell: fate strikes at exactly that step, and what stands there must come of it. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Fate, type Party, STEPS, strike } from './fault-table.ts';

const TABLE = readFileSync(new URL('../../../docs/fault-table.md', import.meta.url), 'utf8');

/** Another seed, other delays and another tail that is lost. */
const SEEDS = process.env.TROUPE_SEEDS?.split(',').map(Number) ?? [5];

interface Row {
  step: string;
  cells: { party: Party; fate: Fate; outcomes: string[] }[];
}

function rows(): Row[] {
  const lines = TABLE.split('\n').filter((line) => line.startsWith('|'));
  const [head = [], , ...body] = lines.map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
  return body.map(([step = '', ...cells]) => ({
    step,
    cells: cells.flatMap((cell, column) => cellsOf(head[column + 1] as string, cell.split(' or '))),
  }));
}

function cellsOf(title: string, outcomes: string[]): Row['cells'] {
  if (title === 'anyone naps') {
    const parties: Party[] = ['old host', 'new host', 'sender', 'master'];
    return parties.map((party) => ({ party, fate: 'naps', outcomes }));
  }
  const fate = title.slice(title.lastIndexOf(' ') + 1) as Fate;
  return [{ party: title.slice(0, title.lastIndexOf(' ')) as Party, fate, outcomes }];
}

test('the table has a row for each step that the simulation knows', () => {
  expect(rows().map(({ step }) => step)).toEqual(Object.keys(STEPS));
});

describe.each(rows())('$step', ({ step, cells }) => {
  test.each(cells)('$party $fate: $outcomes', { timeout: 600_000 }, async ({ party, fate, outcomes }) => {
    for (const seed of SEEDS) {
      const { outcome, world } = await strike({ step, party, fate }, seed);
      expect(world.breaches.list).toEqual([]);
      expect(outcomes).toContain(outcome);
    }
  });
});
