/** Each cell of docs/machine-faults.md happens. */
import { describe, expect, it, test } from 'vitest';
import { readText } from '../sources.ts';
import { FAULTS, MOMENTS, outcome } from './machine-faults.ts';

const [table = ''] = readText('docs/machine-faults.md').split('\n## ');
const rows = table
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .map((line) => line.slice(2, -2).split(' | '));
const [head, ...steps] = rows;

describe('one fault at one step of many machines', () => {
  it('stands in the table, each step and each fault', () => {
    expect(head).toEqual(['step', ...Object.keys(FAULTS)]);
    expect(steps.map(([name]) => name)).toEqual(Object.keys(MOMENTS));
  });

  test.each(steps)('%s', (name, ...cells) => {
    const moment = MOMENTS[name as string];
    if (!moment) throw new Error(`a step of the table is one of the model; got ${name}`);
    expect(Object.keys(FAULTS).map((fault) => outcome(moment, fault))).toEqual(cells);
  });
});
