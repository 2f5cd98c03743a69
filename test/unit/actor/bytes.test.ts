/** Bounds by bytes in one process: mailboxes, the stash, dead letters, and all queues together. */
import { expect, test } from 'vitest';
import { DEAD_LETTERS_KEPT } from '../../../src/observe/dead-letters.ts';
import { defineActor } from '../../../src/actor/define-actor.ts';
import type { KernelLimits } from '../../../src/actor/kernel.ts';
import { LIGHT_BYTES } from '../../../src/plain-data/weight.ts';
import { startKit } from './kernel-fixture.ts';

const MB = 1024 * 1024;
const KB64 = 64 * 1024;
let opened = (): void => {};
const gate = (): Promise<void> => new Promise((resolve) => (opened = resolve));

const slow = defineActor({
  state: () => ({ taken: 0 }),
  receive: {
    wait: () => gate(),
    take(ctx, _message: { body: string }) {
      ctx.state.taken++;
    },
    aside: (ctx) => ctx.stash(),
    back: (ctx) => ctx.unstashAll(),
    taken: (ctx) => ctx.state.taken,
  },
});

const body = (n: number, length = KB64): string => String.fromCharCode(97 + (n % 26)).repeat(length);

for (const checkMessages of [true, false]) {
  const limits: Partial<KernelLimits> = { memoryBytes: 64 * MB, checkMessages };

  test(`a mailbox says false from half its bytes on and refuses beyond them (messages checked: ${checkMessages})`, async () => {
    const { system, dead, process, clock } = startKit({ slow }, limits);
    system.tell('slow/a', { type: 'wait' });
    await clock.settle();
    const said: boolean[] = [];
    for (let n = 0; n < 300; n++) said.push(system.tell('slow/a', { type: 'take', body: body(n) }));
    // A quarter of 64 MiB in messages of a little more than 64 KiB.
    expect([said.indexOf(false), said.lastIndexOf(true)]).toEqual([127, 126]);
    expect([dead().length, new Set(dead())]).toEqual([46, new Set(['slow/a:take:MAILBOX_FULL'])]);
    expect(process.kernel.memory.bytes).toBeLessThan(17 * MB);
    opened();
    expect(await system.ask('slow/a', { type: 'taken' })).toBe(254);
    expect(process.kernel.memory.bytes).toBe(0);
  });

  test(`all queues of a process together have a bound too (messages checked: ${checkMessages})`, async () => {
    const { system, dead, process, clock } = startKit({ slow }, limits);
    for (let n = 0; n < 40; n++) system.tell(`slow/${n}`, { type: 'wait' });
    await clock.settle();
    const said: boolean[] = [];
    for (let n = 0; n < 1_200; n++) said.push(system.tell(`slow/${n % 40}`, { type: 'take', body: body(n) }));
    expect([said.indexOf(false) > 500, said.indexOf(false) < 512 + 64]).toEqual([true, true]);
    expect([...new Set(dead().map((letter) => letter.split(':')[2]))]).toEqual(['OVERLOADED']);
    expect([dead().length > 100, process.kernel.memory.bytes <= 64 * MB]).toEqual([true, true]);
    for (let n = 0; n < 40; n++) await system.kill(`slow/${n}`);
    expect(process.kernel.memory.bytes).toBe(0);
  });

  test(`one message larger than every bound still goes to an actor that has none (messages checked: ${checkMessages})`, async () => {
    const { system, dead } = startKit({ slow }, { ...limits, memoryBytes: MB });
    expect(await system.ask('slow/a', { type: 'take', body: body(0, 2 * MB) })).toBe(undefined);
    expect(dead()).toEqual([]);
  });
}

test('a kind whose messages were light is found out where they grow heavy', async () => {
  const { system, dead, process, clock } = startKit({ slow }, { memoryBytes: 64 * MB, checkMessages: false });
  for (let n = 0; n < 1_000; n++) system.tell('slow/a', { type: 'take', body: 'small' });
  await system.ask('slow/a', { type: 'taken' });
  system.tell('slow/a', { type: 'wait' });
  await clock.settle();
  for (let n = 0; n < 1_000; n++) system.tell('slow/a', { type: 'take', body: body(n) });
  expect([dead().length, process.kernel.memory.bytes <= 17 * MB]).toEqual([746, true]);
});

test('the stash has a bound by bytes, and what is in it counts until it is handled', async () => {
  const { system, process } = startKit({ slow }, { memoryBytes: 4 * MB });
  for (let n = 0; n < 15; n++) system.tell('slow/a', { type: 'aside', body: body(n) });
  await system.ask('slow/a', { type: 'taken' });
  const { bytes } = process.kernel.memory;
  expect([bytes > 15 * KB64, bytes < 16 * KB64 + 4_096]).toEqual([true, true]);
  const refused = await system.ask('slow/a', { type: 'aside', body: body(1) }).catch((error) => error);
  expect(refused.message).toMatch(/the stash of slow\/a is full; its limit is 1048576 bytes$/);
  await system.kill('slow/a');
  expect(process.kernel.memory.bytes).toBe(0);
});

test('dead letters are kept as far as their bytes allow, the newest always', async () => {
  const { system } = startKit({ slow });
  for (let n = 0; n < 100; n++) system.tell('none/a', { type: 'take', n, body: body(n, MB) });
  const kept = system.deadLetters().map(({ message }) => (message as { n: number }).n);
  expect([kept.length, kept.at(-1)]).toEqual([15, 99]);
  system.tell('none/a', { type: 'take', n: 100, body: body(1, 17 * MB - 16 * 1024) });
  system.tell('none/a', { type: 'take', n: 101, body: body(1, 15 * MB) });
  for (let n = 0; n < 2 * DEAD_LETTERS_KEPT; n++) system.tell('none/a', { type: 'take', n });
  expect(system.deadLetters().length).toBe(DEAD_LETTERS_KEPT);
});

test('dead letters take no more than one queue may, where that is less', async () => {
  const { system } = startKit({ slow }, { memoryBytes: 4 * MB });
  for (let n = 0; n < 100; n++) system.tell('none/a', { type: 'take', n, body: body(n) });
  const kept = system.deadLetters().map(({ message }) => (message as { n: number }).n);
  expect([kept.length, kept.at(-1)]).toEqual([15, 99]);
});

test('light messages to many actors have the bound of all queues together as well', async () => {
  const { system, dead, process, clock } = startKit({ slow }, { memoryBytes: MB });
  for (let n = 0; n < 40; n++) system.tell(`slow/${n}`, { type: 'wait' });
  await clock.settle();
  const most = MB / LIGHT_BYTES;
  for (let n = 0; n < most + 100; n++) system.tell(`slow/${n % 40}`, { type: 'taken' });
  expect([dead().length, new Set(dead().map((letter) => letter.split(':')[2]))]).toEqual([
    100,
    new Set(['OVERLOADED']),
  ]);
  expect(process.kernel.memory.bytes).toBe(MB);
});
