/** Dead letters that last: sent again at most once with effect, and no more of them than the bound says. */
import { describe, expect, it } from 'vitest';
import type { ActorDefinition } from '../../../src/actor/definition.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import {
  deadLetterChange,
  LETTERS_LISTED_BYTES,
  LETTERS_LISTED_MAX,
  LETTERS_STORED_MAX,
  StoredDeadLetters,
  TRIM_MS,
} from '../../../src/commit/stored-dead-letters.ts';
import { defineActor, errorOf, fateOf, Gate, type Kit, startKit } from '../actor/kernel-fixture.ts';
import { FaultyStore } from './faulty-store.ts';

let isBroken = true;
let runs = 0;

const till = defineActor({
  durable: true,
  state: () => ({ paid: 0, by: [] as (string | undefined)[] }),
  receive: {
    pay(ctx, { amount }: { amount: number }) {
      runs++;
      ctx.state.paid += amount;
      ctx.state.by.push(ctx.sender);
      if (isBroken) throw new Error('no paper');
      return ctx.state.paid;
    },
    get: (ctx) => ctx.state,
  },
}) as ActorDefinition;

const customer = defineActor({
  receive: { buy: (ctx) => void ctx.tell('till/one', { type: 'pay', amount: 5 }) },
}) as ActorDefinition;

async function withLetter(): Promise<Kit & { store: FaultyStore; letter: string }> {
  const store = new FaultyStore();
  const kit = startKit({ till, customer }, {}, store);
  isBroken = true;
  kit.system.tell('customer/ann', { type: 'buy' });
  await new Promise((resolve) => setTimeout(resolve, 5));
  await kit.clock.advance(100);
  isBroken = false;
  runs = 0;
  const [letter] = await kit.system.deadLetters.list();
  return Object.assign(kit, { store, letter: letter?.id as string });
}

describe('a dead letter that is sent again', () => {
  it('is handled as from its sender, and gone', async () => {
    const { system, letter } = await withLetter();
    expect(await system.deadLetters.resend(letter)).toBe(true);
    expect(await system.ask('till/one', { type: 'get' })).toEqual({ paid: 5, by: ['customer/ann'] });
    expect(await system.deadLetters.list()).toEqual([]);
    expect(await system.deadLetters.resend(letter)).toBe(false);
    expect(await system.deadLetters.discard(letter)).toBe(false);
  });

  it('and fails again leaves one new letter in its place', async () => {
    const { system, letter } = await withLetter();
    isBroken = true;
    expect(await fateOf(system.deadLetters.resend(letter))).toBe('HANDLER_FAILED/executed');
    const letters = await system.deadLetters.list();
    expect(letters).toMatchObject([{ to: 'till/one', sender: 'customer/ann', reason: 'HANDLER_FAILED' }]);
    expect(letters[0]?.id).not.toBe(letter);
    expect(await system.deadLetters.discard(letters[0]?.id as string)).toBe(true);
  });

  it('twice at once is handled once, and both hear of it', async () => {
    const { system, letter } = await withLetter();
    expect(await Promise.all([letter, letter].map((id) => system.deadLetters.resend(id)))).toEqual([true, true]);
    expect(runs).toBe(1);
    expect(await system.ask('till/one', { type: 'get' })).toMatchObject({ paid: 5 });
  });

  it('by one who is gone before the answer has happened, or can be sent again: never both', async () => {
    const { system, store, clock, letter } = await withLetter();
    store.gate = new Gate();
    const first = errorOf(system.deadLetters.resend(letter));
    await clock.advance(6_000);
    expect((await first).code).toBe('ASK_TIMEOUT');
    // Its turn has run, and is not committed: the letter is still there, and the commit that takes it away is under way.
    const second = system.deadLetters.resend(letter);
    store.gate.open();
    expect(await second).toBe(true);
    expect(runs).toBe(1);
    expect(await system.deadLetters.list()).toEqual([]);
    expect(await system.ask('till/one', { type: 'get' })).toMatchObject({ paid: 5 });
  });

  it('in a turn whose commit fails stays, until the turn that takes its place', async () => {
    const { system, store, clock, letter } = await withLetter();
    store.failures = 1;
    const resent = system.deadLetters.resend(letter);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await system.deadLetters.list()).toHaveLength(1);
    await clock.advance(100);
    expect(await resent).toBe(true);
    expect(runs).toBe(2);
    expect(await system.deadLetters.list()).toEqual([]);
    expect(await system.ask('till/one', { type: 'get' })).toMatchObject({ paid: 5 });
  });
});

describe('a message that a durable actor does not take', () => {
  const strict = defineActor({
    durable: true,
    state: () => ({ paid: 0 }),
    messages: {
      '~standard': {
        ...{ version: 1, vendor: 'test' },
        validate: (value) =>
          (value as { amount?: unknown }).amount === 0 ? { issues: [{ message: 'nothing' }] } : { value },
      },
    },
    receive: { pay: () => undefined },
  }) as ActorDefinition;
  const mistaken = (durable: boolean): ActorDefinition =>
    defineActor({
      durable,
      state: () => ({}),
      receive: {
        go(ctx) {
          ctx.tell('strict/one', { type: 'pya', amount: 1 });
          ctx.tell('strict/one', { type: 'pay', amount: 0 });
        },
      },
    }) as ActorDefinition;

  it.each([true, false])(
    'is told of as of a volatile one, once: its sender (durable: %s) is done with it, and nothing is kept of it on disk',
    async (durable) => {
      const store = new MemoryStore();
      const kinds = { strict, mistaken: mistaken(durable) };
      const kit = startKit(kinds, {}, store);
      kit.system.tell('mistaken/a', { type: 'go' });
      await kit.clock.settle();
      await kit.clock.advance(60_000);
      const letters = ['strict/one:pya:UNKNOWN_MESSAGE', 'strict/one:pay:INVALID_MESSAGE'];
      expect(kit.dead()).toEqual(letters);
      expect(kit.system.deadLetters()).toMatchObject([{ sender: 'mistaken/a' }, { sender: 'mistaken/a' }]);
      expect(await kit.system.deadLetters.list()).toEqual([]);
      await kit.system.shutdown();
      const later = startKit(kinds, {}, store);
      await later.clock.advance(60_000);
      expect(later.dead()).toEqual([]);
    },
  );
});

describe('the dead letters of a store', () => {
  it(`are the newest ${LETTERS_STORED_MAX}: the oldest go, and are told of as dead letters`, async () => {
    const store = new MemoryStore();
    const kit = startKit({ till, customer }, {}, store);
    let n = 0;
    const source = { newFence: () => String(++n).padStart(12, '0'), worker: 1 } as never;
    for (let filled = 0; filled < LETTERS_STORED_MAX; filled += 1_000) {
      const some = Array.from({ length: 1_000 }, (_, at) =>
        deadLetterChange(source, {
          to: 'till/old',
          message: { type: 'pay', n: filled + at },
          sender: undefined,
          reason: 'HANDLER_FAILED',
          at: 0,
        }),
      );
      await store.commit(some);
    }
    isBroken = true;
    for (let failed = 0; failed < 3; failed++) {
      await errorOf(kit.system.ask('till/one', { type: 'pay', amount: 1 }));
      await kit.clock.advance(200);
    }
    expect(await countOf(store)).toBe(LETTERS_STORED_MAX + 3);
    await kit.clock.advance(TRIM_MS);
    for (let look = 0; look < 200 && (await countOf(store)) > LETTERS_STORED_MAX; look++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(await countOf(store)).toBe(LETTERS_STORED_MAX);
    const [oldest] = await kit.system.deadLetters.list();
    expect(oldest?.message).toEqual({ type: 'pay', n: 3 });
    expect(kit.dead().slice(-3)).toEqual(Array.from({ length: 3 }, () => 'till/old:pay:OVERLOADED'));
  });
});

it('a list of dead letters ends after so many bytes, and the next one goes on behind it', async () => {
  const store = new MemoryStore();
  let n = 0;
  const source = { newFence: () => String(++n).padStart(12, '0'), worker: 1 } as never;
  const text = 'x'.repeat(LETTERS_LISTED_BYTES / 4);
  for (let at = 0; at < 6; at++) {
    const message = { type: 'pay', at, text };
    await store.commit([
      deadLetterChange(source, { to: 'till/old', message, sender: undefined, reason: 'HANDLER_FAILED', at: 0 }),
    ]);
  }
  const letters = new StoredDeadLetters(store, (id) => id);
  const numbersIn = (page: { message: unknown }[]): number[] =>
    page.map(({ message }) => (message as { at: number }).at);
  const first = await letters.list();
  const second = await letters.list(first.at(-1)?.id);
  expect([numbersIn(first), numbersIn(second)]).toEqual([
    [0, 1, 2, 3],
    [4, 5],
  ]);
  expect(await letters.list(second.at(-1)?.id)).toEqual([]);
});

async function countOf(store: MemoryStore): Promise<number> {
  const letters = new StoredDeadLetters(store, (id) => id);
  let count = 0;
  for (let after: string | undefined; ; ) {
    const page = await letters.list(after);
    count += page.length;
    if (page.length < LETTERS_LISTED_MAX) return count;
    after = page.at(-1)?.id;
  }
}
