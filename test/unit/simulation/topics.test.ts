/** The judge of publishes: which faults excuse that one is missing. */
import { expect, test } from 'vitest';
import { Breaches } from './breaches.ts';
import { Census, type Life } from './census.ts';
import { Faults } from './faults.ts';
import { Ledger } from './ledger.ts';
import { Moves } from './moves.ts';
import { Topics } from './topics.ts';

const [PUBLISHER, HOST] = ['~1.1', '~2.1'];

/** What stands still behind the fault, for as long. */
type Standstill = 'jump' | 'publisher' | 'host' | 'other' | 'stall' | 'all';

/** What the judge says of a publish that never came, so long after a fault. */
function breachesOf(fault: 'link' | 'death', afterMs: number, standstill?: Standstill, forMs = 0): readonly string[] {
  let now = 1_000;
  const breaches = new Breaches(() => now);
  const faults = new Faults();
  const moves = new Moves(breaches, faults);
  const census = new Census(breaches, faults, moves);
  const ledger = new Ledger(breaches, faults, moves);
  const topics = new Topics(breaches, census, faults, ledger);
  const life: Life = {
    ...{ id: 'player/1', number: 1, startedAt: 0, fence: '1', host: '~3.1', hosts: new Set([HOST, '~3.1']) },
    ...{ endedAt: undefined, doubtfulAt: undefined, isRestarted: false, isAsleep: false },
  };
  census.lives.set(life.id, life);
  topics.subscribed(life, 'news');
  if (fault === 'link') faults.note({ kind: 'network', step: 'cut', at: now, from: PUBLISHER, to: HOST });
  else faults.note({ kind: 'process', step: 'crashed', at: now, process: HOST });
  const frozen = { publisher: [PUBLISHER], host: [HOST], other: ['~3.1'], all: [PUBLISHER, HOST], jump: [], stall: [] };
  const processes = standstill ? frozen[standstill] : [];
  const link = { kind: 'network', from: HOST, to: PUBLISHER } as const;
  for (const process of processes) faults.note({ kind: 'process', step: 'frozen', at: now, process });
  if (standstill === 'stall' || standstill === 'all') faults.note({ ...link, step: 'stalled', at: now });
  now += forMs;
  if (standstill === 'jump' || standstill === 'all') faults.note({ kind: 'jump', at: now, ms: forMs });
  for (const process of processes) faults.note({ kind: 'process', step: 'thawed', at: now, process });
  if (standstill === 'stall' || standstill === 'all') faults.note({ ...link, step: 'unstalled', at: now });
  now += afterMs;
  ledger.send('publish', 'player/0', 'news', 'note', PUBLISHER);
  topics.check();
  return breaches.list;
}

test.each([
  ['link', 0, 0],
  ['link', 400, 0],
  ['link', 1_000, 1],
  ['death', 0, 0],
  ['death', 1, 1],
] as const)('the %s of a host that its subscriber has left, %i ms before: %i breaches', (fault, afterMs, count) => {
  expect(breachesOf(fault, afterMs)).toHaveLength(count);
});

test.each([
  ['jump', 400, 0],
  ['jump', 600, 1],
  ['publisher', 400, 0],
  ['publisher', 600, 1],
  ['host', 400, 0],
  ['stall', 400, 0],
  ['stall', 600, 1],
  ['all', 400, 0],
  ['all', 600, 1],
  ['other', 400, 1],
] as const)(
  'a link breaks, %s stands still for 1 000 ms, and %i ms later: %i breaches',
  (standstill, afterMs, count) => {
    expect(breachesOf('link', afterMs, standstill, 1_000)).toHaveLength(count);
  },
);
