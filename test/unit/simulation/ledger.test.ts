/** The judge of tells: where one that is missing may have been. */
import { expect, test } from 'vitest';
import type { FrameEntry, ObservedFrame, SimulationEvent } from '../../../src/simulation/observation.ts';
import type { MoveOrder, ToProcess } from '../../../src/wire/control.ts';
import { Breaches } from './breaches.ts';
import { Faults } from './faults.ts';
import { Ledger } from './ledger.ts';
import { Moves } from './moves.ts';

const [OLD, NEW] = ['~1.1', '~2.1'];
const ORDER: MoveOrder = {
  ...{ id: 1, purpose: 'move', units: ['player/1'], subscriptions: [] },
  ...{ from: { index: 1, incarnation: 1 }, to: { index: 2, incarnation: 1 } },
};

type Happening = 'first half' | 'second half' | 'link ends' | 'old host dies' | 'new host dies' | 'committed';

/** What the judge says of a tell in the first half of what a move transfers, and of nothing else, where nobody handles it. */
function breachesAfter(...happenings: Happening[]): readonly string[] {
  const breaches = new Breaches(() => 1_000);
  const faults = new Faults();
  const moves = new Moves(breaches, faults);
  const ledger = new Ledger(breaches, faults, moves);
  const note = (event: SimulationEvent): void => {
    faults.note(event);
    ledger.note(event);
    moves.note(event);
  };
  const { m } = ledger.send('tell', 'player/1', 'player/2', 'note', OLD);
  const dies = (process: string): void => note({ kind: 'process', step: 'crashed', at: 1_000, process });
  const halves: FrameEntry[] = [
    { type: 'transfer', move: 1, piece: ['outbound', [1, 'player/2', 'player/1', { type: 'note', m }]] } as FrameEntry,
    { type: 'transfer', move: 1, piece: null } as FrameEntry,
  ];
  const crosses = (half: 0 | 1): void => {
    const frame: ObservedFrame = { number: half, epoch: 1, entries: [halves[half] as FrameEntry], status: 'in flight' };
    note({ kind: 'frame', step: 'written', at: 1_000, from: OLD, to: NEW, frame });
    frame.status = 'read';
    note({ kind: 'frame', step: 'read', at: 1_000, from: OLD, to: NEW, frame });
  };
  const message = { type: 'hold', move: ORDER } as const;
  note({ kind: 'control', step: 'sent', at: 1_000, from: 'master', to: NEW, message });
  note({ kind: 'control', step: 'received', at: 1_000, from: 'master', to: NEW, message });
  for (const happening of happenings) {
    if (happening === 'first half') crosses(0);
    else if (happening === 'second half') crosses(1);
    else if (happening === 'link ends') note({ kind: 'link-end', at: 1_000, from: OLD, to: NEW, lost: [] });
    else if (happening === 'committed') {
      const change = { epoch: 2, columns: {}, pins: [], endedMoves: [1] };
      const table: ToProcess = { type: 'table', change, start: [] };
      note({ kind: 'control', step: 'sent', at: 1_000, from: 'master', to: NEW, message: table });
      for (const to of [OLD, NEW])
        if (faults.isAlive(to))
          note({ kind: 'control', step: 'received', at: 1_000, from: 'master', to, message: table });
    } else dies(happening === 'old host dies' ? OLD : NEW);
  }
  ledger.check();
  return breaches.list;
}

test('half of what moves is gone with the old host that dies before the other half has left it', () => {
  expect(breachesAfter('first half', 'old host dies', 'link ends', 'committed')).toEqual([]);
});

test.each<[Happening[], string]>([
  [['first half', 'link ends'], `last in the memory of ${OLD}`],
  [['first half', 'second half', 'old host dies', 'link ends', 'committed'], `last in the memory of ${NEW}`],
  [['first half', 'link ends', 'first half', 'second half', 'committed'], `last in the memory of ${NEW}`],
  [['first half', 'new host dies', 'link ends'], `last in the memory of ${OLD}`],
])('%j: it is missed', (happenings, where) => {
  expect(breachesAfter(...happenings)).toEqual([expect.stringContaining(where)]);
});
