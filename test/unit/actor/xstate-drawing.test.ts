/** What is drawn of a machine, without running it. */
import { describe, expect, test } from 'vitest';
import { createMachine, fromPromise } from 'xstate';
import {
  drawingOf,
  MACHINE_STATES_MAX,
  MACHINE_TEXT_MAX,
  MACHINE_TRANSITIONS_MAX,
} from '../../../src/actor/xstate-drawing.ts';

describe('the drawing of a machine', () => {
  test('has its states with their first ones, and its transitions with events, delays and guards', () => {
    const order = createMachine({
      initial: 'new',
      states: {
        new: { on: { pay: { target: 'open.packing', guard: 'isWhole' } }, after: { 500: 'late' } },
        open: { initial: 'packing', states: { packing: { on: { send: '#sent' } }, sent: { id: 'sent' } } },
        late: { always: { target: 'done', guard: () => true } },
        checking: { invoke: { src: fromPromise(async () => 1), onDone: 'done', onError: 'late' } },
        done: { type: 'final' },
      },
      on: { note: { actions: () => {} } },
    });
    const drawing = drawingOf(order);
    expect(drawing?.states).toEqual([
      { path: '', type: 'compound', initial: 'new' },
      { path: 'new', type: 'atomic', initial: undefined },
      { path: 'open', type: 'compound', initial: 'open.packing' },
      { path: 'open.packing', type: 'atomic', initial: undefined },
      { path: 'open.sent', type: 'atomic', initial: undefined },
      { path: 'late', type: 'atomic', initial: undefined },
      { path: 'checking', type: 'atomic', initial: undefined },
      { path: 'done', type: 'final', initial: undefined },
    ]);
    expect(drawing?.transitions).toEqual([
      { from: '', to: undefined, on: 'note', guard: undefined },
      { from: 'new', to: 'open.packing', on: 'pay', guard: 'isWhole' },
      { from: 'new', to: 'late', on: 'after 500', guard: undefined },
      { from: 'open.packing', to: 'open.sent', on: 'send', guard: undefined },
      { from: 'late', to: 'done', on: 'always', guard: expect.any(String) },
      { from: 'checking', to: 'done', on: 'done', guard: undefined },
      { from: 'checking', to: 'late', on: 'error', guard: undefined },
    ]);
    expect(drawing?.isCut).toBe(false);
  });

  test('does not exist for logic that has no states', () => {
    expect(drawingOf(fromPromise(async () => 1))).toBeUndefined();
    expect(drawingOf({ root: { transitions: undefined } })).toBeUndefined();
  });

  test('has a bound on states, transitions and texts', () => {
    const on = Object.fromEntries(Array.from({ length: MACHINE_TRANSITIONS_MAX + 1 }, (_, n) => [`e${n}`, 's0']));
    const states = Object.fromEntries(Array.from({ length: MACHINE_STATES_MAX + 5 }, (_, n) => [`s${n}`, {}]));
    const large = drawingOf(createMachine({ initial: 's0', states: { ...states, s0: { on } } }));
    expect(large?.states).toHaveLength(MACHINE_STATES_MAX);
    expect(large?.transitions).toHaveLength(MACHINE_TRANSITIONS_MAX);
    expect(large?.isCut).toBe(true);
    const long = drawingOf(createMachine({ on: { ['x'.repeat(1_000)]: { actions: () => {} } } }));
    expect(long?.transitions[0]?.on).toHaveLength(MACHINE_TEXT_MAX);
  });
});
