import { expect, test } from 'vitest';
import { RestartTrials } from '../../../src/placement-service/restart-trials.ts';

const begin = (trials: RestartTrials, worker: number, ids: string[]): number[] =>
  ids.map((id) => trials.begin(worker, id));

test('whoever had not started as its worker died is suspect; from then on the one that had begun alone only, until three have died', () => {
  const trials = new RestartTrials();
  expect(begin(trials, 1, ['a/fine', 'a/early', 'a/deadly', 'a/late'])).toEqual([0, 0, 0, 0]);
  trials.over(['a/fine']);
  expect([...trials.died(1)]).toEqual([]);
  expect(begin(trials, 2, ['a/early', 'a/deadly', 'a/late'])).toEqual([1, 1, 1]);
  trials.starting('a/early', 2);
  trials.over(['a/early']);
  trials.starting('a/deadly', 2);
  expect([...trials.died(2)]).toEqual([]);
  expect(begin(trials, 3, ['a/deadly', 'a/late'])).toEqual([2, 1]);
  trials.starting('a/deadly', 3);
  expect([...trials.died(3)]).toEqual(['a/deadly']);
  expect(begin(trials, 1, ['a/late', 'a/deadly'])).toEqual([1, 0]);
});

test('the death of another worker, and a death after the start, count for nobody', () => {
  const trials = new RestartTrials();
  begin(trials, 1, ['a/one', 'a/two']);
  trials.died(2);
  trials.over(['a/one']);
  trials.died(1);
  expect(begin(trials, 2, ['a/one', 'a/two'])).toEqual([0, 1]);
});

test('workers that die before they have begun with any of them count once, however many', () => {
  const trials = new RestartTrials();
  expect(begin(trials, 1, ['a/one', 'a/two'])).toEqual([0, 0]);
  for (let deaths = 0; deaths < 10; deaths++) {
    expect([...trials.died(1)]).toEqual([]);
    expect(begin(trials, 1, ['a/one', 'a/two'])).toEqual([1, 1]);
  }
});

test('of two that have begun alone it is the later one, and the earlier one where that has started', () => {
  const trials = new RestartTrials();
  begin(trials, 1, ['a/slow', 'a/next']);
  trials.died(1);
  for (const deaths of [1, 2]) {
    expect(begin(trials, 1, ['a/slow', 'a/next'])).toEqual([1, deaths]);
    trials.starting('a/slow', 1);
    trials.starting('a/next', 1);
    expect([...trials.died(1)]).toEqual(deaths === 2 ? ['a/next'] : []);
  }
  begin(trials, 1, ['a/slow', 'a/other']);
  trials.starting('a/slow', 1);
  trials.starting('a/other', 1);
  trials.over(['a/other']);
  trials.died(1);
  expect(begin(trials, 1, ['a/slow'])).toEqual([2]);
});

test('a worker speaks for those that it was asked to start', () => {
  const trials = new RestartTrials();
  begin(trials, 1, ['a/one']);
  trials.died(1);
  begin(trials, 2, ['a/one']);
  trials.starting('a/one', 1);
  trials.starting('a/never', 2);
  trials.died(2);
  expect(begin(trials, 2, ['a/one', 'a/never'])).toEqual([1, 0]);
});
