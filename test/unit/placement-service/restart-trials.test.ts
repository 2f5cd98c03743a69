import { expect, test } from 'vitest';
import { RestartTrials } from '../../../src/placement-service/restart-trials.ts';

const begin = (trials: RestartTrials, worker: number, ids: string[]): number[] =>
  ids.map((id) => trials.begin(worker, id));

test('whoever had not started as its worker died is suspect; from then on the first one only, until three have died', () => {
  const trials = new RestartTrials();
  expect(begin(trials, 1, ['a/fine', 'a/early', 'a/deadly', 'a/late'])).toEqual([0, 0, 0, 0]);
  trials.over('a/fine');
  expect([...trials.died(1)]).toEqual([]);
  expect(begin(trials, 2, ['a/early', 'a/deadly', 'a/late'])).toEqual([1, 1, 1]);
  trials.over('a/early');
  expect([...trials.died(2)]).toEqual([]);
  expect(begin(trials, 3, ['a/deadly', 'a/late'])).toEqual([2, 1]);
  expect([...trials.died(3)]).toEqual(['a/deadly']);
  expect(begin(trials, 1, ['a/late', 'a/deadly'])).toEqual([1, 0]);
});

test('the death of another worker, and a death after the start, count for nobody', () => {
  const trials = new RestartTrials();
  begin(trials, 1, ['a/one', 'a/two']);
  trials.died(2);
  trials.over('a/one');
  trials.died(1);
  expect(begin(trials, 2, ['a/one', 'a/two'])).toEqual([0, 1]);
});
