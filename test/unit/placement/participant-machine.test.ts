/** The table of docs/model/participant.md, read, and every cell of it tried. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { MoveEvent, MoveState } from '../../../src/placement/move-state.ts';
import { afterMoveEvent } from '../../../src/placement/participant-machine.ts';
import { EVENTS, type Row, rowsOf, STATES, stateInWords } from './participant-table.ts';

const PAGE = readFileSync(new URL('../../../docs/model/participant.md', import.meta.url), 'utf8');

/** A row without a state is of the state above it. */
function written(): Row[] {
  const rows: Row[] = [];
  for (const [, cells] of PAGE.matchAll(/^\|((?:[^|\n]*\|){4})$/gm)) {
    const [state = '', event = '', becomes = '', does = ''] = (cells ?? '').split('|').map((cell) => cell.trim());
    if (event in EVENTS) rows.push([state || (rows.at(-1)?.[0] ?? ''), event, becomes, does]);
  }
  return rows;
}

describe('the table of the participant', () => {
  const rows = new Map(written().map(([state, event, becomes, does]) => [`${state} | ${event}`, [becomes, does]]));
  const done = new Map(
    rowsOf(afterMoveEvent).map(([state, event, becomes, does]) => [`${state} | ${event}`, [becomes, does]]),
  );
  const cells = STATES.flatMap((state) => Object.keys(EVENTS).map((event) => `${stateInWords(state)} | ${event}`));

  test.each(cells)('%s', (cell) => {
    expect(done.get(cell) ?? 'nothing').toEqual(rows.get(cell) ?? 'nothing');
  });

  test('has no row that is of no cell', () => {
    expect([...rows.keys()].filter((cell) => !cells.includes(cell))).toEqual([]);
  });

  test('is of every state and every event', () => {
    const states: Record<MoveState['state'], true> = {
      ...{ none: true, holding: true, asked: true, prepared: true, quiescing: true, quiescent: true, held: true },
      ...{
        looking: true,
        sent: true,
        refused: true,
        awaiting: true,
        receiving: true,
        installing: true,
        installed: true,
      },
    };
    const events: Record<MoveEvent['type'], true> = {
      ...{
        prepare: true,
        quiesced: true,
        'not-quiesced': true,
        vacant: true,
        occupied: true,
        hold: true,
        marker: true,
      },
      ...{ flushed: true, 'not-packed': true, piece: true, 'last-piece': true, installed: true, 'not-installed': true },
      ...{ 'peer-died': true, 'link-ended': true, 'linked-again': true, end: true },
    };
    expect(new Set(STATES.map(({ state }) => state))).toEqual(new Set(Object.keys(states)));
    expect(new Set(Object.values(EVENTS).map(({ type }) => type))).toEqual(new Set(Object.keys(events)));
    expect(new Set(STATES.map(stateInWords)).size).toBe(STATES.length);
  });
});

test('where the old host is the new one as well, nothing is sent: it says installed', () => {
  const process = { index: 1, incarnation: 1 };
  const order = { id: 1, purpose: 'claim', units: [], subscriptions: [], from: process, to: process } as const;
  const at: MoveState = { state: 'looking', order: { ...order, units: [], subscriptions: [] }, hasFlushed: false };
  const { state, effects } = afterMoveEvent('~1.1', at, { type: 'vacant', peers: new Set(['~2.1']) });
  expect([state.state, effects.map(({ type }) => type)]).toEqual(['sent', ['tell-installed']]);
});

test('a process of another incarnation is a bystander', () => {
  const order = { id: 1, purpose: 'move', units: [], subscriptions: [] } as const;
  const [from, to] = [
    { index: 1, incarnation: 2 },
    { index: 2, incarnation: 2 },
  ];
  const moved = { ...order, units: [], subscriptions: [], from, to };
  const hold: MoveEvent = { type: 'hold', order: moved, peers: new Set(['~2.1', '~3.1']) };
  for (const self of ['~1.1', '~2.1'])
    expect(afterMoveEvent(self, { state: 'none', early: new Set() }, hold).state.state).toBe('holding');
});
