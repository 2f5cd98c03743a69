/** What a machine does by itself, its delays and what it has invoked, begins no turn either while its actor is paused. */
import { afterEach, expect, test } from 'vitest';
import { assign, fromCallback, setup } from 'xstate';
import { reply } from '../../../src/actor/xstate-actor.ts';
import { pauseActors } from '../../../src/process/pause-changes.ts';
import { defineActor, type Kit, startKit } from './kernel-fixture.ts';

const CAPACITY = 10;
type Event = { type: 'tick'; n: number } | { type: 'read' };
/** Brings an event to the machine, as what it has invoked does. */
let send: (event: Event) => void;

const clockwork = setup({
  types: {} as { context: { ticks: number[]; late: number }; events: Event },
  actors: { source: fromCallback(({ sendBack }) => void (send = sendBack as typeof send)) },
}).createMachine({
  context: { ticks: [], late: 0 },
  invoke: { src: 'source' },
  initial: 'waiting',
  states: {
    waiting: { after: { 1000: { target: 'over', actions: assign({ late: ({ context }) => context.late + 1 }) } } },
    over: {},
  },
  on: {
    tick: { actions: assign({ ticks: ({ context, event }) => [...context.ticks, event.n] }) },
    read: { actions: reply(({ context }) => context) },
  },
});

let kit: Kit;
const actors = { clockwork: defineActor({ machine: clockwork, mailbox: { capacity: CAPACITY } }) };
const ID = 'clockwork/a';

async function begin(): Promise<void> {
  kit = startKit(actors);
  await read();
}
afterEach(() => kit.system.resume(ID));

async function read(): Promise<{ ticks: number[]; late: number }> {
  const answer = kit.system.ask(ID, { type: 'read' });
  await kit.clock.advance(1);
  return answer as Promise<{ ticks: number[]; late: number }>;
}

async function seen(): Promise<unknown> {
  const { state, mailbox } = await kit.system.inspect(ID);
  const { context } = state as { context: { ticks: number[]; late: number } };
  return { ...context, waiting: mailbox.count };
}

test('a delay that is due, and events of what is invoked, wait for the resume, in their order', async () => {
  await begin();
  await kit.system.pause(ID);
  send({ type: 'tick', n: 1 });
  send({ type: 'tick', n: 2 });
  await kit.clock.advance(5_000);
  send({ type: 'tick', n: 3 });
  await kit.clock.advance(1);
  expect(await seen()).toEqual({ ticks: [], late: 0, waiting: 0 });
  await kit.system.resume(ID);
  await kit.clock.advance(1);
  expect(await read()).toEqual({ ticks: [1, 2, 3], late: 1 });
});

/** At once: the scheduler has not come to those that wait. */
function pauseNow(isPaused: boolean): void {
  const pause = { pattern: ID, since: 0, reason: undefined, perSecond: undefined };
  pauseActors(kit.process.actors, isPaused ? [pause] : [], async () => 0);
}

test('those that wait as the pause begins leave the mailbox, where they would keep the actor from moving', async () => {
  await begin();
  for (let n = 0; n < CAPACITY * 2; n += 2) {
    send({ type: 'tick', n });
    send({ type: 'tick', n: n + 1 });
    pauseNow(true);
    await kit.clock.advance(1);
    expect(await seen()).toMatchObject({ ticks: Array.from({ length: n }, (_, at) => at), waiting: 0 });
    pauseNow(false);
    await kit.clock.advance(1);
  }
  expect((await read()).ticks).toEqual(Array.from({ length: CAPACITY * 2 }, (_, at) => at));
  expect(kit.dead()).toEqual([]);
});

test('as many wait as the mailbox may hold, however often it was paused; more are dead letters', async () => {
  await begin();
  const all: number[] = [];
  for (let n = 0; n < CAPACITY * 2; n++) {
    const paused = kit.system.pause(ID);
    send({ type: 'tick', n });
    await paused;
    await kit.clock.advance(1);
    await kit.system.resume(ID);
    await kit.clock.advance(1);
    all.push(n);
  }
  expect(kit.dead()).toEqual([]);
  await kit.system.pause(ID);
  for (let n = 100; n < 100 + CAPACITY + 3; n++) send({ type: 'tick', n });
  await kit.clock.advance(1);
  expect(kit.dead()).toEqual(Array(3).fill(`${ID}:tick:MAILBOX_FULL`));
  await kit.system.resume(ID);
  await kit.clock.advance(1);
  expect((await read()).ticks).toEqual([...all, ...Array.from({ length: CAPACITY }, (_, n) => 100 + n)]);
});
