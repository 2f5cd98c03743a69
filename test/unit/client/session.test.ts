import { afterEach, describe, expect, test } from 'vitest';
import { defineActor } from '../../../src/actor/define-actor.ts';
import {
  CLIENT_WAITING_BYTES_MAX,
  CLIENT_WAITING_HIGH,
  CLIENT_WAITING_MAX,
  SLOWED_MS_MAX,
} from '../../../src/gateway/client-connection.ts';
import { CLIENT_ASKS_MAX, CLIENT_WATCHES_MAX } from '../../../src/gateway/client-acts.ts';
import { CLIENT_TOPICS_MAX } from '../../../src/gateway/client-topics.ts';
import { CLOSE_MS_MAX } from '../../../src/client/connected-client.ts';
import { seededRandom } from '../../../src/doubles/seeded-random.ts';
import { TroupeError } from '../../../src/vocabulary/errors.ts';
import { Envelope } from '../../../src/vocabulary/envelope.ts';
import { FrameEncoder } from '../../../src/wire/codec.ts';
import { MARKER, REPLY, REQUEST, STATE, VERBS } from '../../../src/wire/entry.ts';
import { SILENT_MS } from '../../../src/client-wire/client-greeting.ts';
import { type Served, type ServedOptions, serve } from './client-fixture.ts';

const actors = {
  recorder: defineActor({
    state: () => ({ seen: [] as number[] }),
    receive: {
      note: (ctx, { n }: { n: number }) => ctx.state.seen.push(n),
      seen: (ctx) => ctx.state.seen,
      join: async (ctx, { topic }: { topic: string }) => void (await ctx.subscribe(topic)),
    },
  }),
  narrow: defineActor({
    mailbox: { capacity: 20 },
    state: () => ({ seen: [] as number[] }),
    receive: {
      async note(ctx, { n }: { n: number }) {
        ctx.state.seen.push(n);
        await new Promise<void>((resolve) => void held.push(resolve));
      },
      seen: (ctx) => ctx.state.seen,
    },
  }),
  deep: defineActor({ receive: { hang: () => new Promise(() => {}) } }),
  hung: defineActor({ receive: { hang: () => new Promise(() => {}), note: () => {} }, mailbox: { capacity: 20 } }),
};
const held: (() => void)[] = [];
const open: Served[] = [];

afterEach(async () => {
  for (const release of held.splice(0)) release();
  for (const { client, clock } of open.splice(0)) {
    const closed = client.close({ timeoutMs: 0 });
    await clock.advance(10_000);
    await closed;
  }
});

async function served(options: Partial<ServedOptions> = {}): Promise<Served> {
  const made = await serve({ actors, ...options });
  open.push(made);
  return made;
}

async function settled<T>({ clock }: Served, promise: Promise<T>, ms = 1_000): Promise<T> {
  let isDone = false;
  const done = promise.finally(() => {
    isDone = true;
  });
  done.catch(() => {});
  await clock.advanceUntil(() => isDone, ms);
  return done;
}

function seenBy(one: Served, id: string): Promise<number[]> {
  return settled(one, one.system.ask<number[]>(id, { type: 'seen' }));
}

describe('what a client tells', () => {
  test.each([1, 2, 3, 4, 5])('is handled in order and once, whatever the links lose (seed %i)', async (seed) => {
    const random = seededRandom(seed);
    const one = await served({ delayMs: () => Math.floor(random() * 5) });
    await settled(one, one.system.ask('recorder/a', { type: 'join', topic: 'news' }));
    let resets = 0;
    for (let n = 0; n < 400; n++) {
      const message = { type: 'note', n };
      if (random() < 0.2) one.client.publish('news', message);
      else one.client.tell('recorder/a', message);
      if (random() < 0.3) await one.clock.advance(random() * 8);
      if (random() < 0.1 && one.client.isConnected) {
        one.reset();
        resets++;
      }
    }
    // How many there were is chance, too: a client waits as long as it draws until it comes again.
    expect(resets).toBeGreaterThan(2);
    await one.clock.advance(20_000);
    expect(await seenBy(one, 'recorder/a')).toEqual(Array.from({ length: 400 }, (_, n) => n));
  });

  test('is handled once, though a lost connection had read it already, and its actor was busy', async () => {
    const one = await served();
    for (let n = 0; n < 100; n++) one.client.tell('narrow/a', { type: 'note', n });
    await one.clock.advance(10);
    // Most of it waits where it was read; the client sends that again.
    expect(one.session.accepted).toBeLessThan(50);
    one.connections[0]?.cut('by the test');
    for (let n = 0; n < 100; n++) {
      await one.clock.advance(5);
      held.shift()?.();
      if (n % 30 === 20) one.connections.at(-1)?.cut('by the test');
    }
    await one.clock.advance(5_000);
    expect(await seenBy(one, 'narrow/a')).toEqual(Array.from({ length: 100 }, (_, n) => n));
  });

  test('is nothing to a system that shuts down: it is kept for the next one', async () => {
    const one = await served();
    one.client.tell('recorder/a', { type: 'note', n: 1 });
    await one.clock.advance(10);
    one.process.kernel.closing = true;
    one.client.tell('recorder/a', { type: 'note', n: 2 });
    await one.clock.advance(10);
    expect(one.session.accepted).toBe(1);
    one.process.kernel.closing = false;
    one.reset();
    await one.clock.advance(1_000);
    expect(await seenBy(one, 'recorder/a')).toEqual([1, 2]);
  });

  test('overruns no mailbox, though the client waits for nothing', async () => {
    const one = await served();
    for (let n = 0; n < 200; n++) one.client.tell('narrow/a', { type: 'note', n });
    for (let n = 0; n < 200; n++) {
      await one.clock.advance(2);
      held.shift()?.();
    }
    await one.clock.advance(100);
    expect(one.process.kernel.deadLetters.count).toBe(0);
    expect(one.session.accepted).toBe(200);
  });

  test('to an actor that hangs holds up the rest for a moment only', async () => {
    const one = await served();
    one.client.tell('hung/a', { type: 'hang' });
    for (let n = 0; n < 100; n++) one.client.tell('hung/a', { type: 'note' });
    const since = one.clock.now();
    expect(await settled(one, one.client.ask('recorder/a', { type: 'seen' }), 3_000)).toEqual([]);
    const heldUpMs = one.clock.now() - since;
    expect(heldUpMs).toBeGreaterThanOrEqual(SLOWED_MS_MAX);
    expect(heldUpMs).toBeLessThan(SLOWED_MS_MAX + 100);
  });
});

describe('an ask', () => {
  test('that was not written waits for the next connection; one that was fails at once', async () => {
    const one = await served();
    const written = one.client.ask('hung/a', { type: 'hang' }).catch((error) => error);
    await one.clock.advance(10);
    one.shut(new Error('shut'));
    one.reset();
    await one.clock.advance(10);
    expect(await written).toMatchObject({ code: 'ACTOR_UNAVAILABLE', fate: 'unknown' });
    const unwritten = one.client.ask('recorder/a', { type: 'seen' });
    await one.clock.advance(500);
    one.shut(undefined);
    expect(await settled(one, unwritten, 4_000)).toEqual([]);
  });

  test('settles by its deadline where nobody can be reached, with the fate that it was not executed', async () => {
    const one = await served();
    one.shut(new Error('shut'));
    one.reset();
    await one.clock.advance(10);
    const asked = settled(one, one.client.ask('recorder/a', { type: 'seen' }, { timeoutMs: 300 }));
    await expect(asked).rejects.toMatchObject({ code: 'ASK_TIMEOUT', fate: 'not-executed' });
  });

  test('that is given up is given up at the actor', async () => {
    const one = await served({
      actors: {
        waiter: defineActor({
          receive: {
            wait: (ctx) =>
              new Promise((_, reject) => {
                ctx.signal.addEventListener('abort', () => {
                  aborted = true;
                  reject(ctx.signal.reason);
                });
              }),
          },
        }),
      },
    });
    let aborted = false;
    const abort = new AbortController();
    const asked = one.client.ask('waiter/a', { type: 'wait' }, { signal: abort.signal }).catch((error) => error);
    await one.clock.advance(10);
    abort.abort();
    expect(await asked).toMatchObject({ code: 'ASK_ABORTED' });
    await one.clock.advance(10);
    expect(aborted).toBe(true);
  });

  test('beyond what one client may have under way is refused', async () => {
    const one = await served();
    const asks = Array.from({ length: CLIENT_ASKS_MAX + 1 }, () =>
      one.client.ask('deep/a', { type: 'hang' }, { timeoutMs: 60_000 }).catch((error) => error),
    );
    expect(await settled(one, Promise.race(asks))).toMatchObject({ code: 'OVERLOADED', fate: 'not-executed' });
  });

  test('and a watch beyond those that one client may have: the client is told, and there is room again once one has ended', async () => {
    const one = await served();
    const refused: (string | undefined)[] = [];
    one.client.on('refused', ({ error }) => void refused.push(error.code));
    const ended: string[] = [];
    // A watch of what is not there ends at once.
    const watch = (id: string): void => {
      one.system.tell(id, { type: 'note', n: 1 });
      one.client.watch(id, () => void ended.push(id));
    };
    for (let n = 0; n <= CLIENT_WATCHES_MAX; n++) watch(`recorder/${n}`);
    await settled(one, one.client.ask('recorder/0', { type: 'seen' }));
    expect([refused, ended]).toEqual([['OVERLOADED'], []]);
    for (const n of [0, CLIENT_WATCHES_MAX]) await settled(one, one.system.stop(`recorder/${n}`));
    watch('recorder/again');
    await one.clock.advance(100);
    await settled(one, one.system.stop('recorder/again'));
    await one.clock.advance(100);
    expect([refused.length, ended]).toEqual([1, ['recorder/0', 'recorder/again']]);
  });

  test('that are refused at once are under way no more', async () => {
    const one = await served();
    const codes = new Map<string, number>();
    for (let sent = 0; sent < CLIENT_ASKS_MAX; sent += 1_000) {
      const refused = Array.from({ length: 1_000 }, () => one.client.ask('nobody/a', { type: 'hang' }));
      const errors = await settled(one, Promise.all(refused.map((ask) => ask.catch((error) => error))));
      for (const { code } of errors as TroupeError[]) codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    expect([...codes]).toEqual([['UNKNOWN_KIND', CLIENT_ASKS_MAX]]);
    expect(await settled(one, one.client.ask('recorder/a', { type: 'seen' }))).toEqual([]);
  });
});

describe('a connection', () => {
  test(`is closed within ${CLOSE_MS_MAX} ms, of which less may be said, and nothing else`, async () => {
    const { client } = await served();
    const text = `close() takes { timeoutMs }, milliseconds from 0 to ${CLOSE_MS_MAX}; got`;
    for (const options of [{ timeoutMs: CLOSE_MS_MAX + 1 }, { timeoutMs: -1 }, { timeoutMs: Number.NaN }, { ms: 1 }])
      expect(() => client.close(options as never)).toThrow(text);
  });

  test('that is silent is cut at both ends, and another one takes its place', async () => {
    const one = await served();
    const events: string[] = [];
    const errors: unknown[] = [];
    one.client.on('disconnected', ({ error }) => {
      events.push('disconnected');
      errors.push(error?.message);
    });
    one.client.on('connected', () => events.push('connected'));
    one.stall();
    one.client.tell('recorder/a', { type: 'note', n: 1 });
    await one.clock.advance(SILENT_MS + 7_000);
    // Each by its own clock: neither can hear the other.
    expect(errors[0]).toContain('gave no sign of life');
    expect(one.faults[0]).toContain('the client gave no sign of life');
    one.unstall();
    await one.clock.advance(10_000);
    expect(events.slice(0, 2)).toEqual(['disconnected', 'connected']);
    expect(await seenBy(one, 'recorder/a')).toEqual([1]);
  });

  test('on which nothing is asked for stands by its beats', async () => {
    const one = await served();
    await one.clock.advance(10 * SILENT_MS);
    expect(one.connections).toHaveLength(1);
    expect(one.client.isConnected).toBe(true);
  });

  test('that is not read is cut past its bound, and tells why later', async () => {
    const one = await served();
    const gaps: { topics: string[]; reason: string | undefined }[] = [];
    one.client.on('gap', (gap) => gaps.push(gap));
    await settled(
      one,
      one.client.subscribe('news', () => {}),
    );
    one.stall();
    for (let n = 0; n < CLIENT_WAITING_MAX + 2_000; n++) {
      one.system.publish('news', { type: 'n', n });
      if (n % 100 === 0) await one.clock.settle();
    }
    await one.clock.advance(10);
    expect(one.session.connection).toBeUndefined();
    one.unstall();
    await one.clock.advance(10_000);
    expect(gaps).toMatchObject([
      { topics: ['news'], reason: expect.stringContaining(`its limits are ${CLIENT_WAITING_MAX}`) },
    ]);
  });

  test.each([
    ['almost', -2, false],
    ['more than', 12, true],
  ])('for which %s its bound of bytes waits is cut: %s messages beyond, %s', async (_, beyond, isCut) => {
    const one = await served();
    const { messageBytesMax } = one.process.kernel.limits;
    const text = 'x'.repeat(messageBytesMax / 4);
    await settled(
      one,
      one.client.subscribe('news', () => {}),
    );
    one.stall();
    // Those that the link still takes wait there.
    for (let n = 0; n < (CLIENT_WAITING_BYTES_MAX + messageBytesMax) / text.length + beyond; n++) {
      one.system.publish('news', { type: 'n', text });
      await one.clock.settle();
    }
    await one.clock.advance(10);
    expect(one.session.connection === undefined).toBe(isCut);
    if (isCut) expect(one.faults.at(-1)).toContain(`and ${CLIENT_WAITING_BYTES_MAX + messageBytesMax}`);
  });

  test.each([
    ['less than', CLIENT_WAITING_HIGH / 2, true],
    ['more than', CLIENT_WAITING_HIGH + 2_000, false],
  ])('for which %s the bound waits is read: %s entries, %s', async (_, count, isRead) => {
    const one = await served();
    await settled(
      one,
      one.client.subscribe('news', () => {}),
    );
    one.freeze();
    for (let n = 0; n < count; n++) {
      one.system.publish('news', { type: 'n', n });
      if (n % 100 === 0) await one.clock.settle();
    }
    // Of those that come meanwhile the first frame is read, and nothing behind it.
    for (let n = 0; n < 50; n++) {
      one.client.tell('recorder/a', { type: 'note', n });
      await one.clock.advance(1);
    }
    const seen = await seenBy(one, 'recorder/a');
    expect(seen.length === 50).toBe(isRead);
    if (!isRead) expect(seen.length).toBeLessThan(5);
  });

  test.each([
    ['a marker', [0, 1, MARKER, 1]],
    ['the state of an actor', [0, 1, STATE, 1, 'x']],
    ['a reply', [0, 1, REPLY, 1, 'x']],
    ['a kind that is none', [0, 1, 99]],
    ['a frame of a newer time', [1, 1, MARKER, 1]],
  ])('with %s is ended, and harms nobody', async (_what, batch) => {
    const one = await served();
    const link = await settled(one, one.rawLink());
    let isEnded = false;
    link.listener = { onFrame: () => true, onDrain: () => {}, onEnd: () => void (isEnded = true) };
    link.write(new FrameEncoder().encode(batch));
    await one.clock.advance(2 * SILENT_MS);
    expect(isEnded).toBe(true);
    expect(one.faults.length).toBeGreaterThan(0);
    expect(await seenBy(one, 'recorder/a')).toEqual([]);
  });
});

describe('rights', () => {
  test.each(
    VERBS.filter((verb) => !['watch', 'unwatch', 'where', 'subscribe', 'unsubscribe', 'barrier'].includes(verb)),
  )('give nobody the verb %s, not even with all of them', async (verb) => {
    const one = await served();
    one.client.tell('recorder/a', { type: 'note', n: 1 });
    await one.clock.advance(10);
    const link = await settled(one, one.rawLink());
    link.listener = { onFrame: () => true, onDrain: () => {}, onEnd: () => {} };
    const payload = verb === 'rewatch' ? ['recorder/b ~0.1:1', 1] : verb === 'stop' ? 'x' : undefined;
    link.write(
      new FrameEncoder().encode([0, 1, REQUEST, VERBS.indexOf(verb), 'recorder/a', null, payload, '~0.1', 1, 0]),
    );
    await one.clock.advance(1_000);
    expect(await seenBy(one, 'recorder/a')).toEqual([1]);
  });

  test('that are taken away meanwhile are told at each try to come back, as a network that is away is not', async () => {
    const one = await served();
    const refused: string[] = [];
    one.client.on('refused', ({ error }) => refused.push(error.code));
    one.shut(new TroupeError('ACTOR_UNAVAILABLE', 'nobody listens'));
    one.reset();
    await one.clock.advance(20_000);
    expect(refused).toEqual([]);
    one.shut(new TroupeError('FORBIDDEN', 'the token is not known here'));
    await one.clock.advance(20_000);
    expect(new Set(refused)).toEqual(new Set(['FORBIDDEN']));
    expect(refused.length).toBeLessThan(10);
    one.shut(undefined);
    await one.clock.advance(10_000);
    expect(one.client.isConnected).toBe(true);
  });

  test('that are not given reach no actor, in whatever way', async () => {
    const one = await served({ may: [], kinds: [] });
    const refused: string[] = [];
    one.client.on('refused', ({ error }) => refused.push(error.code));
    one.client.tell('recorder/a', { type: 'note', n: 1 });
    one.client.publish('news', { type: 'n' });
    one.client.watch('recorder/a', () => {});
    for (const call of [
      () => one.client.ask('recorder/a', { type: 'seen' }),
      () => one.client.where('recorder/a'),
      () => one.client.subscribe('news', 'recorder/a'),
      () => one.client.subscribe('news', () => {}),
    ])
      await expect(settled(one, call())).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(refused).toEqual(['FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN']);
    expect(one.process.actors.cellOf('recorder/a')).toBeUndefined();
    expect(one.process.kernel.deadLetters.kept().map(({ reason }) => reason)).toEqual(['FORBIDDEN', 'FORBIDDEN']);
  });

  test('are of the process: a client cannot send as an actor', async () => {
    let sender: string | undefined = 'none';
    const one = await served({
      actors: { asked: defineActor({ receive: { who: (ctx) => void (sender = ctx.sender) } }) },
    });
    const envelope = new Envelope('message', 'asked/a', { type: 'who' }, 'asked/boss', undefined, 0);
    one.connections[0]?.arrived(envelope);
    one.client.tell('asked/a', { type: 'who' });
    await one.clock.advance(10);
    expect(sender).toBeUndefined();
  });

  test('to listen end at a number of topics', async () => {
    const one = await served();
    for (let n = 0; n < CLIENT_TOPICS_MAX; n++)
      await settled(
        one,
        one.client.subscribe(`t-${n}`, () => {}),
      );
    await expect(
      settled(
        one,
        one.client.subscribe('one-more', () => {}),
      ),
    ).rejects.toMatchObject({ code: 'OVERLOADED' });
  });
});
