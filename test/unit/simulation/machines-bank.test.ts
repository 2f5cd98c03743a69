import { expect, test } from 'vitest';
import { MachinesBank } from './machines-bank.ts';

const RUNS = Number(process.env.TROUPE_MACHINES_RUNS ?? 1);
const FIRST = Number(process.env.TROUPE_MACHINES_SEED ?? 1);

test('a bank over machines makes and loses no money, whatever becomes of them', { timeout: 120_000 }, async () => {
  for (let seed = FIRST; seed < FIRST + RUNS; seed++) {
    const bank = new MachinesBank(seed);
    const { breaches, transfers } = await bank.run(30);
    bank.end();
    expect(breaches, `seed ${seed}`).toEqual([]);
    expect(transfers).toBe(90);
  }
});

test('a process that heeds no deadline is seen: it makes turns behind those of the next owner', async () => {
  const bank = new MachinesBank(1, true);
  const { breaches } = await bank.run(30);
  bank.end();
  expect(breaches.join()).toContain('behind one of a newer owner');
});
