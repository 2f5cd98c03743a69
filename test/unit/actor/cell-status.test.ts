import { afterEach, describe, expect, it, vi } from 'vitest';
import { type CellStatus, TRANSITIONS } from '../../../src/actor/cell-status.ts';
import { defineActor, startKit } from './kernel-fixture.ts';

const STATES = Object.keys(TRANSITIONS) as CellStatus[];

/** Each state, and a way to it from a cell that has started. */
const WAYS: Record<CellStatus, readonly CellStatus[]> = {
  starting: ['pausing', 'starting'],
  ready: [],
  busy: ['busy'],
  quiescent: ['quiescent'],
  pausing: ['pausing'],
  stopping: ['stopping'],
  ended: ['stopping', 'ended'],
};

async function cellIn(state: CellStatus) {
  const { system, process } = startKit({ one: defineActor({ receive: { look: () => 1 } }) });
  await system.ask('one/a', { type: 'look' });
  const cell = process.actors.cellOf('one/a');
  if (!cell) throw new Error('it was activated');
  for (const step of WAYS[state]) cell.transition(step);
  expect(cell.status).toBe(state);
  return cell;
}

describe('the status of a cell', () => {
  it.each(STATES)('goes from %s where a way is drawn, and nowhere else', async (from) => {
    for (const to of STATES) {
      const cell = await cellIn(from);
      if (TRANSITIONS[from].includes(to)) {
        cell.transition(to);
        expect(cell.status).toBe(to);
      } else {
        expect(() => cell.transition(to)).toThrow(`the cell of one/a went from '${from}' to '${to}'`);
        expect(cell.status).toBe(from);
      }
    }
  });

  it('begins with the start, and an end is for good', () => {
    const ways = STATES.flatMap((from) => TRANSITIONS[from].map((to) => [from, to] as const));
    expect(TRANSITIONS.ended).toEqual([]);
    expect(ways.filter(([, to]) => to === 'ended').map(([from]) => from)).toEqual(['quiescent', 'stopping']);
    // Turns and moves begin only between two turns, or where there is no incarnation that could be in the midst of one.
    expect(ways.filter(([, to]) => to === 'busy').map(([from]) => from)).toEqual(['ready']);
    expect(ways.filter(([, to]) => to === 'quiescent').map(([from]) => from)).toEqual(['ready', 'pausing']);
  });
});

describe('in production', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.resetModules();
  });

  it.each([
    ['production', false],
    ['test', true],
  ])('as %s, a transition is looked up: %s', async (environment, isChecked) => {
    vi.stubEnv('NODE_ENV', environment);
    vi.resetModules();
    const { CHECKS_TRANSITIONS } = await import('../../../src/actor/cell-status.ts');
    expect(CHECKS_TRANSITIONS).toBe(isChecked);
  });
});
