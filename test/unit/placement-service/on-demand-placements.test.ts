import { expect, test } from 'vitest';
import { OnDemandPlacements, ON_DEMAND_MAX } from '../../../src/placement-service/on-demand-placements.ts';

test('a place is kept until its worker is gone, those on others stay', () => {
  const onDemand = new OnDemandPlacements();
  onDemand.set('job/1', 1);
  onDemand.set('job/2', 2);
  onDemand.forgetWorker(1);
  expect([onDemand.get('job/1'), onDemand.get('job/2')]).toEqual([undefined, 2]);
});

test('past its bound one more place is refused, one that is known may change', () => {
  const onDemand = new OnDemandPlacements();
  for (let n = 0; n < ON_DEMAND_MAX; n++) onDemand.set(`job/${n}`, 1);
  expect(() => onDemand.set('job/more', 1)).toThrow(expect.objectContaining({ code: 'OVERLOADED' }));
  onDemand.set('job/5', 2);
  expect([onDemand.get('job/5'), onDemand.get('job/more')]).toEqual([2, undefined]);
  onDemand.forgetWorker(1);
  onDemand.set('job/more', 1);
  expect(onDemand.get('job/more')).toBe(1);
});
