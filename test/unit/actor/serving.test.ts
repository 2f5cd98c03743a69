import { afterEach, expect, test } from 'vitest';
import { defineActor } from '../../../src/actor/define-actor.ts';
import { OUTPUTS_HELD_MAX } from '../../../src/actor/held-outputs.ts';
import type { Serving } from '../../../src/actor/serving.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { Envelope } from '../../../src/vocabulary/envelope.ts';
import { guardOutputs } from '../../../src/process/served-mail.ts';
import type { Recipient } from '../../../src/vocabulary/recipient.ts';
import type { WatchName } from '../../../src/vocabulary/signal.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import { errorOf, fateOf, Gate, type Kit, startKit } from './kernel-fixture.ts';

let notes: string[] = [];
let gate = new Gate();
let kit: Kit;
const LEASE = 1_000;

const job = defineActor({
  state: (key) => void notes.push(`state ${key}`),
  receive: {
    do: (ctx, { n }: { type: string; n: number }) => void notes.push(`${ctx.key} ${n}`),
    get: () => 'got',
    /** Says all that an actor can say, behind a wait. */
    speak: async (ctx, { text = '' }: { type: string; text?: string }) => {
      await gate.opened;
      ctx.tell('job/heard', { type: 'do', n: 1, text });
      ctx.publish('news', { type: 'do', n: 2, text });
      ctx.tell('job/heard', { type: 'do', n: 3, text });
      return 'spoken';
    },
    chatter: async (ctx, { count }: { type: string; count: number }) => {
      await gate.opened;
      for (let n = 1; n <= count; n++) notes.push(...(ctx.tell('job/heard', { type: 'do', n }) ? [] : ['slow']));
    },
    /** The turn takes so long that the lease is over. */
    dawdle: () => void ((kit.clock as JumpingClock).jumpedMs += LEASE * 2),
  },
});
const idler = defineActor({
  state: () => {},
  onStop: () => void notes.push('stop'),
  passivateAfterMs: 300,
  receive: { do: () => void notes.push('done') },
});
const ledger = defineActor({
  durable: true,
  state: () => {
    notes.push('state');
    return { sum: 0 };
  },
  receive: {
    add: (ctx, { n, to }: { type: string; n: number; to?: string }) => {
      (ctx.state as { sum: number }).sum += n;
      if (to !== undefined) ctx.tell(to, { type: 'do', n });
      return (ctx.state as { sum: number }).sum;
    },
  },
});

/** Time passes while a turn runs. */
class JumpingClock extends VirtualClock {
  jumpedMs = 0;

  override now(): number {
    return super.now() + this.jumpedMs;
  }
}

afterEach(() => serving().serve(kit.clock.now() + 1e6));

function serving(): Serving {
  return kit.process.kernel.serving as Serving;
}

function begin(store = new MemoryStore(), memoryBytes?: number): Kit {
  notes = [];
  gate = new Gate();
  const clock = new JumpingClock();
  const limits = memoryBytes === undefined ? {} : { memoryBytes };
  kit = startKit({ job, idler, ledger }, limits, store, { clock, isLeased: true });
  return kit;
}

/** As the master does, after a renewal that counts. */
function renew(): void {
  serving().serve(kit.clock.now() + LEASE);
}

const tellAll = (id: string, from: number, to: number): void => {
  for (let n = from; n <= to; n++) kit.system.tell(id, { type: 'do', n });
};

test('nothing begins before the master has told a deadline, nor past it; mail is kept in order until it tells another', async () => {
  const { clock } = begin();
  tellAll('job/a', 1, 2);
  await clock.settle();
  expect(notes).toEqual([]);
  renew();
  await clock.settle();
  expect(notes).toEqual(['state a', 'a 1', 'a 2']);
  await clock.advance(LEASE);
  tellAll('job/a', 3, 4);
  tellAll('job/b', 1, 1);
  await clock.settle();
  expect(notes).toHaveLength(3);
  renew();
  await clock.settle();
  expect(notes.slice(3)).toEqual(['state b', 'a 3', 'a 4', 'b 1']);
});

test('a master that tells 0 stops it at once; a deadline that has passed begins nothing', async () => {
  const { clock } = begin();
  renew();
  tellAll('job/a', 1, 1);
  await clock.settle();
  serving().serve(0);
  tellAll('job/a', 2, 2);
  serving().serve(clock.now());
  await clock.settle();
  expect(notes).toEqual(['state a', 'a 1']);
});

test('the clock is compared before each turn: the mail behind a long one waits', async () => {
  const { clock, system } = begin();
  renew();
  system.tell('job/a', { type: 'dawdle' });
  tellAll('job/a', 1, 1);
  await clock.settle();
  expect(notes).toEqual(['state a']);
  renew();
  await clock.settle();
  expect(notes).toEqual(['state a', 'a 1']);
});

test('what a turn says too late leaves, in order, once there is a lease again', async () => {
  const { clock, system } = begin();
  renew();
  await system.subscribe('news', (message) => void notes.push(`news ${(message as { n: number }).n}`));
  tellAll('job/heard', 0, 0);
  let reply: unknown;
  void system.ask('job/a', { type: 'speak' }).then((got) => (reply = got));
  await clock.settle();
  await clock.advance(LEASE);
  notes = [];
  gate.open();
  await clock.settle();
  expect([notes, reply]).toEqual([[], undefined]);
  renew();
  await clock.settle();
  expect(notes.sort()).toEqual(['heard 1', 'heard 3', 'news 2']);
  expect(reply).toBe('spoken');
});

test('the end of an actor is told behind what it said, and what it says now behind what waits', async () => {
  const { kernel } = begin().process;
  const left: string[] = [];
  const router: Recipient = {
    deliver: ({ message }) => {
      left.push((message as { type: string }).type);
      // The lease is over again, while others wait.
      if (left.at(-1) === 'one') say('within');
      if (left.at(-1) === 'within') serving().serve(0);
      return true;
    },
    signal: (_to, { type }) => void left.push(type),
  };
  const guarded = { ...kernel, router };
  guardOutputs(guarded);
  const say = (type: string): void =>
    void guarded.router.deliver(new Envelope('message', 'job/b', { type }, 'job/a', undefined, 0));
  say('one');
  say('two');
  guarded.router.signal('job/b', { type: 'acknowledged', by: 'job/a', stream: 's', number: 1 });
  guarded.router.signal('job/b', { type: 'terminated', id: 'job/a', reason: 'stopped', watch: 'w' as WatchName });
  expect(left).toEqual(['acknowledged']);
  renew();
  expect(left).toEqual(['acknowledged', 'one', 'two', 'terminated', 'within']);
  say('three');
  renew();
  say('four');
  expect(left.slice(5)).toEqual(['three', 'four']);
});

test('what an actor said too late is dropped where another machine has taken it over; its asker cannot know', async () => {
  const { clock, system, dead } = begin();
  renew();
  const asked = errorOf(system.ask('job/a', { type: 'speak' }));
  const kept = system.ask('job/b', { type: 'speak' });
  await clock.settle();
  await clock.advance(LEASE);
  gate.open();
  await clock.settle();
  serving().drop((id) => id === 'job/a');
  expect(await asked).toMatchObject({ code: 'ACTOR_UNAVAILABLE', fate: 'unknown' });
  expect((await asked).message).toContain('the reply of job/a is lost: its machine was suspended');
  expect(dead()).toEqual([
    'job/heard:do:ACTOR_UNAVAILABLE',
    'news:do:ACTOR_UNAVAILABLE',
    'job/heard:do:ACTOR_UNAVAILABLE',
  ]);
  renew();
  await clock.settle();
  expect(await kept).toBe('spoken');
  expect(notes.filter((note) => note.startsWith('heard'))).toEqual(['heard 1', 'heard 3']);
});

test('asks fail at once, with one clear text: those that come, and those that wait already', async () => {
  const { clock, system, process } = begin();
  renew();
  system.tell('job/a', { type: 'do', n: 1 });
  await clock.settle();
  await clock.advance(LEASE);
  const error = await errorOf(system.ask('job/a', { type: 'get' }));
  expect(error).toMatchObject({ code: 'ACTOR_UNAVAILABLE', fate: 'not-executed' });
  expect(error.message).toBe(
    'the machine of job/a is suspended: its lease in the cluster is not renewed; nothing was done, ask again later',
  );
  // From another process of the machine, or from another machine: it is refused where it comes in.
  const comesIn = (type: string): Promise<string> => {
    const reply = process.kernel.pending.open('job/a', clock.now() + 9_000, undefined, undefined);
    process.actors.deliver(new Envelope('message', 'job/a', { type }, undefined, reply, clock.now() + 9_000));
    return fateOf(reply.promise);
  };
  expect(await comesIn('get')).toBe('ACTOR_UNAVAILABLE/not-executed');
  expect(await comesIn('get')).toBe('ACTOR_UNAVAILABLE/not-executed');
  renew();
  await clock.settle();
  expect(await system.ask('job/a', { type: 'get' })).toBe('got');
});

test('an ask that waits behind a long turn fails as the lease is over, and is not executed later', async () => {
  const { clock, system } = begin();
  renew();
  system.tell('job/a', { type: 'dawdle' });
  const asked = fateOf(system.ask('job/a', { type: 'get' }, { timeoutMs: 60_000 }));
  await clock.settle();
  expect(await asked).toBe('ACTOR_UNAVAILABLE/not-executed');
});

test('mail that waits is bounded by mailboxes, and what is said too late by count and by bytes', async () => {
  const { clock, system, dead } = begin();
  renew();
  system.tell('job/a', { type: 'chatter', count: OUTPUTS_HELD_MAX + 2 });
  await clock.settle();
  await clock.advance(LEASE);
  gate.open();
  await clock.settle();
  expect(notes.filter((note) => note === 'slow')).toHaveLength(OUTPUTS_HELD_MAX / 2 + 2);
  expect(dead()).toEqual(['job/heard:do:OVERLOADED', 'job/heard:do:OVERLOADED']);
  serving().drop(() => true);

  const small = begin(new MemoryStore(), 4_000_000);
  renew();
  const asked = small.system.ask('job/a', { type: 'speak', text: 'x'.repeat(600_000) });
  await small.clock.settle();
  await small.clock.advance(LEASE);
  gate.open();
  await small.clock.settle();
  expect(small.dead()).toEqual(['news:do:OVERLOADED', 'job/heard:do:OVERLOADED']);
  renew();
  await small.clock.settle();
  expect(await asked).toBe('spoken');
});

test('a commit that is made too late is told later; a start that reads its record too late begins later', async () => {
  const store = new MemoryStore();
  const { clock, system } = begin(store);
  renew();
  expect(await system.ask('ledger/a', { type: 'add', n: 1 })).toBe(1);
  let reply: unknown;
  const commit = store.commit.bind(store);
  const written = new Gate();
  store.commit = async (...args) => {
    await commit(...args);
    await written.opened;
  };
  void system.ask('ledger/a', { type: 'add', n: 2, to: 'job/heard' }).then((got) => (reply = got));
  await clock.settle();
  await clock.advance(LEASE);
  written.open();
  await clock.settle();
  expect([reply, notes.includes('heard 2')]).toEqual([undefined, false]);
  renew();
  await clock.settle();
  expect([reply, notes.includes('heard 2')]).toEqual([3, true]);

  const load = store.load.bind(store);
  const read = new Gate();
  store.load = async (id) => {
    await read.opened;
    return load(id);
  };
  notes = [];
  system.tell('ledger/b', { type: 'add', n: 1 });
  await clock.settle();
  await clock.advance(LEASE);
  read.open();
  await clock.settle();
  expect(notes).toEqual([]);
  renew();
  await clock.settle();
  expect(notes).toEqual(['state']);
});

test('no idle actor leaves memory meanwhile: its onStop would run', async () => {
  const { clock } = begin();
  renew();
  tellAll('idler/a', 1, 1);
  await clock.settle();
  serving().serve(clock.now() + 100);
  await clock.advance(5_000);
  expect(notes).toEqual(['done']);
  serving().serve(clock.now() + 1e6);
  await clock.advance(5_000);
  expect(notes).toEqual(['done', 'stop']);
});

test('a system without a cluster has no deadline', () => {
  begin();
  expect(startKit({ job }).process.kernel.serving).toBeUndefined();
});
