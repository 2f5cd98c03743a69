/** The places that actors have had, with the reasons. */
import { describe, expect, test } from 'vitest';
import { PLACES_KEPT_MAX, PLACES_OF_UNIT_MAX, PlacementHistory } from '../../../src/placement/placement-history.ts';
import { shardOf } from '../../../src/placement/shard.ts';
import { NOWHERE, type TableChange } from '../../../src/wire/control.ts';

const ID = 'counter/alice';
const SHARD = shardOf(ID);

function change(epoch: number, parts: Partial<TableChange> = {}): TableChange {
  return { epoch, columns: {}, pins: [], endedMoves: [], ...parts };
}

const shardTo = (worker: number): TableChange['columns'] => ({ '': [[SHARD, worker]] });

describe('the places of an actor', () => {
  test('are those of its shard and its own, in order, each with its reason', () => {
    const history = new PlacementHistory();
    history.note(change(1, { columns: shardTo(1) }), 100);
    history.note(change(2, { pins: [[ID, 3]] }), 200);
    history.note(change(3, { pins: [[ID, 2]], endedMoves: [7] }), 300);
    history.note(change(4, { columns: shardTo(2), endedMoves: [8] }), 400);
    history.note(change(5, { columns: shardTo(NOWHERE), dead: { index: 2, incarnation: 1 } }), 500);
    history.note(change(6, { pins: [[ID, null]], endedMoves: [9] }), 600);
    history.note(change(7, { columns: shardTo(4), kinds: { counter: null } }), 700);
    expect(history.of(ID, '')).toEqual([
      { epoch: 1, at: 100, worker: 1, of: 'shard', why: 'start' },
      { epoch: 2, at: 200, worker: 3, of: 'own', why: 'claim' },
      { epoch: 3, at: 300, worker: 2, of: 'own', why: 'hand-off' },
      { epoch: 4, at: 400, worker: 2, of: 'shard', why: 'hand-off' },
      { epoch: 5, at: 500, worker: NOWHERE, of: 'shard', why: 'death' },
      { epoch: 6, at: 600, worker: undefined, of: 'own', why: 'end' },
      { epoch: 7, at: 700, worker: 4, of: 'shard', why: 'reload' },
    ]);
    expect(history.of(ID, 'mail')).toEqual([
      { epoch: 2, at: 200, worker: 3, of: 'own', why: 'claim' },
      { epoch: 3, at: 300, worker: 2, of: 'own', why: 'hand-off' },
      { epoch: 6, at: 600, worker: undefined, of: 'own', why: 'end' },
    ]);
  });

  test('are the last ones, and those of the units that came first go where there are too many', () => {
    const history = new PlacementHistory(25);
    for (let epoch = 1; epoch <= PLACES_OF_UNIT_MAX + 2; epoch++)
      history.note(change(epoch, { pins: [[ID, epoch]] }), 0);
    expect(history.of(ID, '').map(({ worker }) => worker)).toEqual(
      Array.from({ length: PLACES_OF_UNIT_MAX }, (_, n) => n + 3),
    );
    for (let n = 0; n < 15; n++) history.note(change(100 + n, { pins: [[`counter/${n}`, 1]] }), 0);
    expect(history.of(ID, '')).toHaveLength(PLACES_OF_UNIT_MAX);
    history.note(change(200, { pins: [['counter/last', 1]] }), 0);
    expect(history.of(ID, '')).toEqual([]);
    expect(history.of('counter/0', '')).toHaveLength(1);
    // What went has left room for as many.
    for (let n = 0; n < PLACES_OF_UNIT_MAX - 1; n++) history.note(change(300 + n, { pins: [[`mail/${n}`, 1]] }), 0);
    expect(history.of('counter/0', '')).toHaveLength(1);
    history.note(change(400, { pins: [['mail/last', 1]] }), 0);
    expect(history.of('counter/0', '')).toEqual([]);
  });

  test('are so many of all units, unless told otherwise', () => {
    const history = new PlacementHistory();
    const pins = Array.from({ length: PLACES_KEPT_MAX }, (_, n): [string, number] => [`counter/${n}`, 1]);
    history.note(change(1, { pins }), 0);
    expect(history.of('counter/0', '')).toHaveLength(1);
    history.note(change(2, { pins: [['counter/last', 1]] }), 0);
    expect([history.of('counter/0', ''), history.of('counter/1', '').length]).toEqual([[], 1]);
  });
});
