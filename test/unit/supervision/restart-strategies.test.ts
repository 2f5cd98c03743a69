import { describe, expect, it } from 'vitest';
import { affectedChildren, mustRestart } from '../../../src/supervision/restart-strategies.ts';

const CHILDREN = ['a', 'b', 'c', 'd'];

describe('a child that has ended', () => {
  it.each([
    ['permanent', true, true],
    ['permanent', false, true],
    ['transient', true, true],
    ['transient', false, false],
    ['temporary', true, false],
    ['temporary', false, false],
  ] as const)('%s, abnormally: %s, is started again: %s', (type, abnormal, expected) => {
    expect(mustRestart(type, abnormal)).toBe(expected);
  });
});

describe('the siblings of a child that is started again', () => {
  it('are left alone by one_for_one', () => {
    expect(affectedChildren('one_for_one', CHILDREN, 'b')).toEqual({ stop: [], start: ['b'] });
  });

  it('all stop in reverse order of start and start in order with one_for_all', () => {
    expect(affectedChildren('one_for_all', CHILDREN, 'b')).toEqual({ stop: ['d', 'c', 'a'], start: CHILDREN });
  });

  it('stop and start with rest_for_one when they were started after it', () => {
    expect(affectedChildren('rest_for_one', CHILDREN, 'b')).toEqual({ stop: ['d', 'c'], start: ['b', 'c', 'd'] });
  });

  it('are none with rest_for_one for the last, and all for the first', () => {
    expect(affectedChildren('rest_for_one', CHILDREN, 'd')).toEqual({ stop: [], start: ['d'] });
    expect(affectedChildren('rest_for_one', CHILDREN, 'a')).toEqual({ stop: ['d', 'c', 'b'], start: CHILDREN });
  });

  it('stop but do not start again when they are temporary', () => {
    const isTemporary = (child: string): boolean => child === 'c';
    expect(affectedChildren('one_for_all', CHILDREN, 'b', isTemporary)).toEqual({
      stop: ['d', 'c', 'a'],
      start: ['a', 'b', 'd'],
    });
    expect(affectedChildren('rest_for_one', CHILDREN, 'b', isTemporary)).toEqual({
      stop: ['d', 'c'],
      start: ['b', 'd'],
    });
  });

  it('are left alone when the child is none of the list any more', () => {
    expect(affectedChildren('rest_for_one', CHILDREN, 'x')).toEqual({ stop: [], start: ['x'] });
    expect(affectedChildren('one_for_all', CHILDREN, 'x')).toEqual({ stop: [], start: ['x'] });
  });

  it('keep the given list as it is', () => {
    const children = Object.freeze([...CHILDREN]);
    affectedChildren('one_for_all', children, 'a');
    expect(children).toEqual(CHILDREN);
  });
});
