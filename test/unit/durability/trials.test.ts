/** After a crash the turns that an actor has of itself are suspect for a while. */
import { expect, test } from 'vitest';
import type { Cell } from '../../../src/actor/cell.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { OWN, OWN_SUSPECT_MS } from '../../../src/durability/probation.ts';
import { Trials } from '../../../src/durability/trials.ts';
import type { Envelope } from '../../../src/vocabulary/envelope.ts';

const ownTurn = { verb: 'run' } as Envelope;

test(`for ${OWN_SUSPECT_MS} ms from its start, and no longer`, async () => {
  const clock = new VirtualClock();
  const begun: string[] = [];
  const journal = { deathsOf: () => new Map(), begun: (_id: string, name: string) => void begun.push(name) };
  const cell = { id: 'clock/a', kernel: { clock } } as unknown as Cell;
  const trials = new Trials(cell, { journal, gate: {} } as never);
  trials.reset(false, true);
  await clock.advance(OWN_SUSPECT_MS - 1);
  void trials.begin(ownTurn);
  expect(begun).toEqual([OWN]);
  await clock.advance(1);
  void trials.begin(ownTurn);
  expect(begun).toEqual([OWN]);
});
