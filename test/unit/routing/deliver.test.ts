/**
 * `deliver` never throws: its caller is in the middle of a turn, of a frame or of a shutdown, and its mail is for others as well. Each kind of
 * envelope goes to each kind of id, in each state of a process, with a logger, a trace and listeners that are all broken.
 */
import { types } from 'node:util';
import { describe, expect, test } from 'vitest';
import { defineActor } from '../../../src/actor/define-actor.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import type { Log } from '../../../src/observe/log.ts';
import { LocalProcess, type LocalProcessOptions } from '../../../src/process/local-process.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import { shardOf, shardUnit } from '../../../src/placement/shard.ts';
import { DeliveryId, Envelope, type Verb } from '../../../src/vocabulary/envelope.ts';
import { NOWHERE } from '../../../src/wire/control.ts';
import { behavioursOf } from '../../../src/worker/load-actors.ts';
import { errorOf, startKit } from '../actor/kernel-fixture.ts';
import { KeptReply, newLine, request } from '../peer/link-fixture.ts';
import { CAPACITY, everyShard, newRouterKit, type RouterKit } from './router-fixture.ts';

const boom = (): never => {
  throw new Error('by the test');
};
const brokenLog: Log = { debug: boom, info: boom, warn: boom, error: boom, child: boom };

const VERBS = [
  ...(['stop', 'barrier', 'kill', 'remove', 'spawn', 'watch', 'unwatch', 'rewatch', 'where'] as const),
  ...(['subscribe', 'unsubscribe', 'wake', 'nonsense' as Verb] as const),
] satisfies Verb[];

/** What looked like a message as it was sent, and what never did. */
const MESSAGES: [name: string, message: unknown][] = [
  ['of a known type', { type: 'note' }],
  ['whose handler throws', { type: 'break' }],
  ['of an unknown type', { type: 'what' }],
  ['of a type that objects have', { type: 'constructor' }],
  ['that is heavy', { type: 'note', text: 'x'.repeat(5_000) }],
  ['that cannot be copied', { type: 'note', run: boom }],
  ['that has itself inside', Object.assign({ type: 'note' }, { self: {} as object })],
  ['whose type is gone', Object.defineProperty({}, 'type', { get: boom, enumerable: true })],
  ['that is a proxy', new Proxy({}, { get: boom, ownKeys: boom, has: boom, getOwnPropertyDescriptor: boom })],
  ['whose type has no text', { type: { toString: boom } }],
  ['whose type is a symbol', { type: Symbol('note') }],
  ['without a type', {}],
  ...([undefined, null, 'note', 7, [], boom] as unknown[]).map((one): [string, unknown] => [`${String(one)}`, one]),
];
for (const [name, message] of MESSAGES)
  if (name === 'that has itself inside') (message as { self: object }).self = message as object;

const MALFORMED = [
  '',
  '/',
  'fine',
  'fine/',
  '/a',
  'Fine/a',
  'fine/\u0000',
  'fine/\ud800',
  `fine/${'x'.repeat(10_000)}`,
];
const OF_OTHERS = ['~0.1', '~9.9', '~', '#x:1', '#'];
const UNKNOWN = ['nobody/a', 'constructor/a', '__proto__/a'];

const DELIVERIES = [
  undefined,
  new DeliveryId('', 0, 0, 0, undefined),
  new DeliveryId('~9.9@1', 1, 0, 1, undefined),
  new DeliveryId('durable/b', 5, 4, 1, 'a turn', true),
  new DeliveryId('nobody', Number.NaN, -1, Number.MAX_VALUE, ''),
];

const SENDERS: [sender: string | undefined, deadline: number][] = [
  [undefined, 0],
  ['fine/z', 1],
  ['nobody/z', 1e9],
];

/** Each one is new: some may be changed on their way. In four rounds each kind of mail goes to each id by turns as an ask, stamped, and from others. */
function* envelopes(ids: readonly string[]): Generator<[name: string, envelope: Envelope]> {
  const mail = [
    ...VERBS.map((verb) => [verb, () => request(verb, '')] as const),
    ...MESSAGES.map(
      ([name, one]) => [`a message ${name}`, () => new Envelope('message', '', one, undefined, undefined, 0)] as const,
    ),
  ];
  let count = 0;
  for (let round = 0; round < 4; round++)
    for (const id of ids)
      for (const [name, make] of mail) {
        const envelope = make();
        envelope.to = id;
        [envelope.sender, envelope.deadline] = SENDERS[count % SENDERS.length] as (typeof SENDERS)[number];
        envelope.deliveryId = DELIVERIES[count % DELIVERIES.length];
        envelope.replyTo = (count + round) % 2 === 0 ? new KeptReply() : undefined;
        count++;
        yield [`${name} to ${id.slice(0, 20)}`, envelope];
      }
}

/** What was thrown, or returned and is no word about the way. */
function faultsOf(deliver: (envelope: Envelope) => unknown, ids: readonly string[]): string[] {
  const faults = new Set<string>();
  for (const [name, envelope] of envelopes(ids)) {
    try {
      const answer = deliver(envelope);
      if (typeof answer !== 'boolean' && answer !== undefined) faults.add(`${name}: gave ${String(answer)}`);
    } catch (error) {
      faults.add(`${name}: threw ${(error as Error).stack?.split('\n').slice(0, 3).join(' ')}`);
    }
  }
  return [...faults];
}

describe('deliver never throws in one process', () => {
  const actors = {
    fine: defineActor({ state: () => ({ seen: 0 }), receive: { note: (ctx) => ++ctx.state.seen, break: boom } }),
    'no-state': defineActor({ state: boom as () => object, receive: { note() {} } }),
    'no-start': defineActor({ onStart: async () => boom(), receive: { note() {} } }),
    'no-stop': defineActor({ onStop: boom, receive: { note() {}, break: boom }, supervision: { onFailure: boom } }),
    narrow: defineActor({ mailbox: { capacity: 1 }, receive: { note: () => new Promise(() => {}) } }),
    durable: defineActor({ durable: true, state: () => ({}), receive: { note() {}, break: boom } }),
  };
  const ids = [...Object.keys(actors).map((kind) => `${kind}/a`), ...UNKNOWN, ...OF_OTHERS, ...MALFORMED];

  function start(more: Partial<LocalProcessOptions> = {}): { clock: VirtualClock; local: LocalProcess } {
    const clock = new VirtualClock();
    const limits = { askTimeoutMs: 5_000, messageBytesMax: 1_000_000, checkMessages: true, history: { turns: 10 } };
    const local = new LocalProcess({
      ...{ name: 'test', clock, random: () => 0.5, log: brokenLog, trace: { note: boom }, limits, shutdownMs: 50 },
      ...{ store: new MemoryStore(), behaviours: behavioursOf(Object.entries(actors), (kind) => kind) },
      ...{ holdsProcess: false, ...more },
    });
    for (const name of ['dead-letter', 'actor-started', 'actor-stopped', 'actor-failed', 'actor-restarted'] as const) {
      local.system.on(name, boom);
      local.system.on(name, async () => boom());
    }
    return { clock, local };
  }

  test.each([
    ['with a store', {}],
    ['without one', { store: undefined as never }],
    ['whose machine has a lease that is over', { isLeased: true }],
  ])('%s: fresh, at work, paused, as it goes down and once it is down', async (what, more) => {
    const { clock, local } = start(more);
    const { kernel, system } = local;
    const faults = (state: string): string[] =>
      faultsOf((envelope) => kernel.router.deliver(envelope), ids).map((fault) => `${state}: ${fault}`);
    const letters = kernel.deadLetters.count;
    expect(faults('fresh')).toEqual([]);
    await clock.settle();
    expect(faults('at work')).toEqual([]);
    await clock.advance(1_000);
    if (what !== 'whose machine has a lease that is over') {
      // All that came before has harmed nobody.
      const asked = system.ask('fine/untouched', { type: 'note' });
      await clock.settle();
      expect(await asked).toBe(1);
    }
    await system.pause('*');
    expect(faults('paused')).toEqual([]);
    await clock.settle();
    const down = system.shutdown();
    expect(faults('going down')).toEqual([]);
    await clock.advance(10_000);
    await down;
    expect(faults('down')).toEqual([]);
    await clock.advance(100_000);
    expect(kernel.deadLetters.count).toBeGreaterThan(letters + 1_000);
  });

  test('nor does a tell of what gives its type only once', async () => {
    const { local, clock } = start();
    let looks = 0;
    const once = {
      get type(): string {
        return looks++ === 0 ? 'note' : boom();
      },
    };
    expect(local.system.tell('fine/a', once)).toBe(true);
    expect(local.kernel.deadLetters.kept().map(({ reason }) => reason)).toEqual(['INVALID_MESSAGE']);
    // An ask says it to its caller, and leaves nothing behind that nobody would hear of.
    looks = 0;
    expect(() => local.system.ask('fine/a', once)).toThrow('by the test');
    expect(local.kernel.pending.size).toBe(0);
    const down = local.system.shutdown();
    await clock.advance(1_000);
    await down;
  });
});

describe('a message that cannot be read any more as its turn comes', () => {
  const receive = {
    note: (ctx: { state: { seen: number } }): number => ++ctx.state.seen,
    wait: () => new Promise(() => {}),
  };
  const actors = {
    plain: defineActor({ state: () => ({ seen: 0 }), receive }),
    durable: defineActor({ durable: true, state: () => ({ seen: 0 }), receive }),
  };

  test.each(['plain', 'durable'])('is refused, and harms neither its actor (%s) nor others', async (kind) => {
    // As in production: nobody looks into a message as it is sent.
    const { system, process, clock } = startKit(actors, { checkMessages: false });
    const id = `${kind}/a`;
    await system.ask(id, { type: 'note' });
    const { proxy, revoke } = Proxy.revocable({ type: 'note' }, {});
    expect(system.tell(id, proxy)).toBe(true);
    const asked = errorOf(system.ask(id, proxy));
    const behind = system.ask(id, { type: 'note' });
    void errorOf(system.ask(`${kind}/busy`, { type: 'wait' }));
    system.tell(`${kind}/busy`, proxy);
    revoke();
    expect(await asked).toMatchObject({ code: 'INVALID_MESSAGE', message: expect.stringContaining('cannot be read') });
    expect(await behind).toBe(2);
    expect(process.kernel.deadLetters.kept().map(({ to, reason }) => [to, reason])).toEqual([[id, 'INVALID_MESSAGE']]);
    await clock.settle();
    expect(await system.inspect(`${kind}/busy`)).toMatchObject({
      turn: { type: 'wait' },
      mailbox: { first: [{ type: '' }] },
    });
  });
});

describe('deliver never throws in a process of many', () => {
  const HERE = everyShard(1);
  const ID = 'counter/a';
  const ids = [ID, 'counter/b', 'job/a', ...UNKNOWN, ...OF_OTHERS, ...MALFORMED];

  const STATES: [name: string, prepare: (kit: RouterKit) => void][] = [
    ['whose host is here', (kit) => kit.change({ columns: { '': HERE } })],
    ['whose host is elsewhere', () => {}],
    ['whose link has ended', (kit) => kit.end(2)],
    ['whose host has no link yet', (kit) => kit.change({ columns: { '': everyShard(7) } })],
    ['that has no host', (kit) => kit.change({ columns: { '': everyShard(NOWHERE) } })],
    ['that has a place of its own', (kit) => kit.change({ pins: [[ID, 3]] })],
    ['that is on the move', (kit) => kit.router.hold(7, [shardUnit('', shardOf(ID)), 'job/a'])],
    ['whose kind was removed', (kit) => kit.change({ kinds: {} })],
    [
      'whose actors leave',
      (kit) => {
        kit.change({ columns: { '': HERE } });
        const capture = { captureOutbound: () => false, captureInbound: () => true, isQuiescent: () => true };
        kit.router.captureFor('move', { ...capture, takeBack: (mail) => mail });
      },
    ],
    [
      'whose partition is on its way',
      (kit) => kit.router.holdPartitions(new Set([shardOf(ID)]), new Set([shardOf('counter/b')])),
    ],
  ];

  test.each(STATES)('for one %s', async (_what, prepare) => {
    const kit = newRouterKit();
    kit.kernel.events.on('dead-letter', boom);
    const kinds = Object.fromEntries(kit.table.kinds());
    prepare(kit);
    const { router, clock, handled, peer } = kit;
    const calls = {
      deliver: (envelope: Envelope) => router.deliver(envelope),
      arrived: (envelope: Envelope) => router.arrived(envelope),
      passOn: (envelope: Envelope) => router.passOn(envelope),
    };
    for (const [name, call] of Object.entries(calls)) expect([name, faultsOf(call, ids)]).toEqual([name, []]);
    for (const id of ids) {
      const ended = { type: 'terminated', id, reason: 'stopped', watch: `${ID} ~1.1:1` } as const;
      router.signal(id, ended);
      router.signalArrived(id, ended);
      for (const { answer } of kit.asked.splice(0)) answer.failed(new Error('by the test'));
    }
    await clock.settle();
    // What waited has a host, and the way is free.
    router.captureFor('move', undefined);
    router.holdPartitions(new Set(), new Set());
    kit.change({ columns: { '': HERE }, pins: [[ID, 1]], kinds });
    router.release(7);
    router.releaseUnhosted();
    await clock.advance(120_000);
    const before = handled.length;
    expect(router.deliver(new Envelope('message', 'counter/c', { type: 'note', n: 1 }, undefined, undefined, 0))).toBe(
      true,
    );
    await clock.settle();
    expect(handled.slice(before)).toEqual(['counter/c 1']);
    expect(CAPACITY).toBeLessThan(peer(2).waiting.length + handled.length + kit.reasons.length);
  });
});

describe('deliver never throws on a link', () => {
  test.each(['that is open', 'that is not made yet', 'that has ended'])(
    '%s, whatever cannot be encoded',
    async (what) => {
      const { out, settle, events, ingress, reasons } = await newLine({ isAttached: what === 'that is open' });
      if (what === 'that has ended') out.detach();
      events.on('dead-letter', boom);
      const odd = MESSAGES.map(([, one]) => one).filter(isTyped);
      const mail = (message: unknown, asked?: KeptReply): unknown =>
        out.mail(new Envelope('message', 'counter/a', message, undefined, asked, 0));
      // The last of a full frame is written at once, in the middle of the delivery.
      for (let n = 0; n < 2_000; n++) expect(mail(odd[n % odd.length])).toBeTypeOf('boolean');
      const replies = odd.map(() => new KeptReply());
      for (const [n, reply] of replies.entries()) mail(odd[n], reply);
      await settle();
      mail({ type: 'note', n: 99 });
      await settle();
      if (what !== 'that is open') return expect(out.waiting).toBe(2_000 + odd.length + 1);
      expect(ingress.lines.at(-1)).toBe('message counter/a 99');
      expect(new Set(reasons)).toEqual(new Set(['counter/a:INVALID_MESSAGE']));
      expect(replies.filter(({ settled }) => settled).length).toBeGreaterThanOrEqual(3);
    },
  );
});

/** As it is checked before it comes to a link; what it gives later is another matter. */
function isTyped(message: unknown): boolean {
  if (types.isProxy(message)) return true;
  const own = Object.getOwnPropertyDescriptor(message ?? {}, 'type');
  return typeof own?.value === 'string' || own?.get !== undefined;
}
