/** What an actor takes along may be large, or not fit to travel: it goes in portions, or is refused before anything is handed over. */
import { describe, expect, test } from 'vitest';
import { defineActor } from '../../../src/actor/define-actor.ts';
import type { TransferredActor } from '../../../src/actor/transfer.ts';
import { Simulation } from '../../../src/simulation/simulation.ts';
import { Envelope } from '../../../src/vocabulary/envelope.ts';
import { encodeValue } from '../../../src/wire/codec.ts';
import { actorPieces, mailPieces, pieceOf, readActor, readMail } from '../../../src/handoff/transfer-codec.ts';
import { PIECE_BYTES } from '../../../src/frames/pieces.ts';

const nothing = (): void => {};
const noRef = (id: string): unknown => ({ id });

const traveller = defineActor({
  state: () => ({ n: 0, heard: 0 }),
  receive: {
    add: (ctx) => ++ctx.state.n,
    get: (ctx) => ({ ...ctx.state }),
    heard: (ctx) => void ctx.state.heard++,
    subscribe(ctx, { from, to }: { from: number; to: number }) {
      for (let n = from; n < to; n++) void ctx.subscribe(`topic-${n}`.padEnd(120, 'x'));
    },
    later(ctx, { count }: { count: number }) {
      for (let n = 0; n < count; n++) ctx.after(500, { type: 'add', text: 'x'.repeat(100_000) } as never);
    },
    odd: (ctx) => void ctx.after(60_000, { type: 'add', call: () => 1 } as never),
  },
});

async function start(): Promise<Simulation> {
  return Simulation.start({
    seed: 3,
    workers: 2,
    actors: { traveller },
  });
}

async function elsewhere(simulation: Simulation, id: string): Promise<number> {
  const { worker } = await simulation.until(simulation.system.where(id));
  return 3 - worker;
}

describe('an actor that moves', () => {
  test('with megabytes of timers, and subscriptions, takes them along', async () => {
    const simulation = await start();
    const { system } = simulation;
    await simulation.until(system.ask('traveller/1', { type: 'subscribe', from: 0, to: 100 }));
    await simulation.until(system.ask('traveller/1', { type: 'later', count: 40 }));
    await simulation.until(system.ask('traveller/1', { type: 'add' }));
    const to = await elsewhere(simulation, 'traveller/1');
    await simulation.until(system.move('traveller/1', to));
    expect((await simulation.until(system.where('traveller/1'))).worker).toBe(to);
    system.publish('topic-99'.padEnd(120, 'x'), { type: 'heard' });
    await simulation.run(100);
    expect(await simulation.until(system.ask('traveller/1', { type: 'get' }))).toEqual({ n: 1, heard: 1 });
    await simulation.run(1_000);
    expect(await simulation.until(system.ask('traveller/1', { type: 'get' }))).toEqual({ n: 41, heard: 1 });
    await simulation.until(system.shutdown());
  });

  test('with a timer that cannot travel stays, and is named; its mail is handled once', async () => {
    const simulation = await start();
    const { system } = simulation;
    const letters: string[] = [];
    system.on('dead-letter', ({ to, reason }) => void letters.push(`${to}:${reason}`));
    await simulation.until(system.ask('traveller/1', { type: 'odd' }));
    const to = await elsewhere(simulation, 'traveller/1');
    const moving = system.move('traveller/1', to).then(nothing, (error: Error) => error.message);
    for (let n = 0; n < 5; n++) system.tell('traveller/1', { type: 'add' });
    expect(await simulation.until(moving)).toMatch(/traveller\/1 .*stays where it is; a timer of .* at \.call$/);
    await simulation.run(100);
    expect(await simulation.until(system.ask('traveller/1', { type: 'get' }))).toEqual({ n: 5, heard: 0 });
    expect(letters).toEqual([]);
    await simulation.until(system.shutdown());
  });
});

describe('the pieces of an actor', () => {
  const transfer: TransferredActor = {
    id: 'counter/a',
    incarnation: undefined,
    passivated: { args: new Map([['a', 1n]]), spawned: true, watching: [] },
    failedUntil: 7,
    watchers: Array.from({ length: 20_000 }, (_, n) => `counter/${n} ~1.1:${n}`),
    topics: [],
  };

  test('each fit a frame, and are the actor again when they are joined', () => {
    const pieces = actorPieces(transfer, undefined);
    expect(pieces.length).toBeGreaterThan(5);
    for (const { piece, bytesMax } of pieces) {
      expect(pieceOf(piece)).toBe(piece);
      expect(bytesMax).toBeLessThan(PIECE_BYTES + 100);
    }
    expect(pieces.map(({ piece }) => piece[2])).toEqual([...pieces.slice(1).map(() => false), true]);
    const whole = Buffer.concat(pieces.map(({ piece }) => piece[1] as Uint8Array));
    expect(readActor(whole, noRef)).toEqual(transfer);
  });

  test('of a small one are one, with its state', () => {
    const small = { ...transfer, watchers: [], passivated: undefined, incarnation: { state: undefined } as never };
    const [only, ...more] = actorPieces(small, encodeValue(new Set([1, 2])));
    const read = readActor(only?.piece[1] as Uint8Array, noRef);
    expect([more.length, read.incarnation?.state]).toEqual([0, new Set([1, 2])]);
  });
});

test('mail of which nothing could be made at the new host is refused here, and the rest goes', () => {
  const hidden = Object.defineProperty({ n: 1 }, 'type', { value: 'note', enumerable: false });
  const messages = [
    { type: 'note', n: 1 },
    hidden,
    Object.assign(new Error('x'), { type: 'note' }),
    { type: 'note', n: 2 },
  ];
  const refused: unknown[] = [];
  const envelopes = messages.map((one) => new Envelope('message', 'counter/a', one, undefined, undefined, 0));
  const [only] = mailPieces('mail', envelopes, 1_000, ({ message }) => void refused.push(message));
  const read = readMail(only?.piece[1] as unknown[], noRef, () => undefined as never);
  expect(read.map(({ message }) => message)).toEqual([messages[0], messages[3]]);
  expect(refused).toEqual([messages[1], messages[2]]);
});

test.each([
  ['by their bytes', 40, 5_000, 5],
  ['by their number', 1_000, 0, 256],
])('mail goes in pieces %s, in order, and all of it', (_, count, characters, atMost) => {
  const envelopes = Array.from({ length: count }, (__, n) => {
    const message = { type: 'note', n, ...(characters > 0 && { text: 'x'.repeat(characters) }) };
    return new Envelope('message', 'counter/a', message, undefined, undefined, 0);
  });
  const pieces = mailPieces('mail', envelopes, 1024 * 1024, nothing);
  const read = pieces.map(({ piece }) => readMail(piece[1] as unknown[], noRef, () => undefined as never));
  expect(read.flat().map(({ message }) => (message as { n: number }).n)).toEqual(envelopes.map((__, n) => n));
  expect(Math.max(...read.map(({ length }) => length))).toBe(atMost);
  // Of one piece, before the envelope that goes past it.
  for (const { bytesMax } of pieces) expect(bytesMax).toBeLessThan(PIECE_BYTES + 3 * characters + 1_000);
});
