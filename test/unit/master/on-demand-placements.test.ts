import { expect, test } from 'vitest';
import { OnDemandPlacements, ON_DEMAND_MAX } from '../../../src/master/on-demand-placements.ts';

test('a place is kept until its worker is gone, those on others stay', () => {
  const directory = new OnDemandPlacements();
  directory.set('job/1', 1);
  directory.set('job/2', 2);
  directory.forgetWorker(1);
  expect([directory.get('job/1'), directory.get('job/2')]).toEqual([undefined, 2]);
});

test('past its bound one more place is refused, one that is known may change', () => {
  const directory = new OnDemandPlacements();
  for (let n = 0; n < ON_DEMAND_MAX; n++) directory.set(`job/${n}`, 1);
  expect(() => directory.set('job/more', 1)).toThrow(expect.objectContaining({ code: 'OVERLOADED' }));
  directory.set('job/5', 2);
  expect([directory.get('job/5'), directory.get('job/more')]).toEqual([2, undefined]);
  directory.forgetWorker(1);
  directory.set('job/more', 1);
  expect(directory.get('job/more')).toBe(1);
});
