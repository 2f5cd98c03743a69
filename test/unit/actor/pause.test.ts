import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SLICE_TURNS } from '../../../src/actor/scheduler.ts';
import { defineActor } from '../../../src/actor/define-actor.ts';
import type { MemoryStore } from '../../../src/store/memory-store.ts';
import {
  faultOfPattern,
  matcherOf,
  PAUSE_PATTERN_MAX,
  PAUSE_STARS_MAX,
  PAUSES_MAX,
} from '../../../src/vocabulary/pause.ts';
import { errorOf, fateOf, Gate, type Kit, startKit } from './kernel-fixture.ts';

let notes: string[] = [];
const gate = { now: new Gate() };

const job = defineActor({
  state: (key) => void notes.push(`state ${key}`),
  onStart: (ctx) => void notes.push(`start ${ctx.key}`),
  onStop: (ctx) => void notes.push(`stop ${ctx.key}`),
  passivateAfterMs: 60_000,
  receive: {
    do: (ctx, { n }: { type: string; n: number }) => void notes.push(`${ctx.key} ${n}`),
    get: () => 'got',
    hold: async (ctx) => {
      await gate.now.opened;
      notes.push(`held ${ctx.key}`);
    },
    later: (ctx, { ms, n }: { type: string; ms: number; n: number }) => void ctx.after(ms, { type: 'do', n }),
    fail: () => {
      throw new Error('on purpose');
    },
    stashed: (ctx) => ctx.stash(),
  },
});
const ledger = defineActor({
  durable: true,
  state: () => ({ sum: 0 }),
  receive: {
    add: (ctx, { n }: { type: string; n: number }) => {
      (ctx.state as { sum: number }).sum += n;
      notes.push(`${ctx.key} ${n}`);
    },
    get: (ctx) => (ctx.state as { sum: number }).sum,
    remind: (ctx) => void ctx.remind('audit', { everyMs: 1_000 }, { type: 'add', n: 1 }),
    pass: (ctx, { to, n }: { type: string; to: string; n: number }) => void ctx.tell(to, { type: 'add', n }),
  },
});

function begin(store?: MemoryStore): Kit {
  gate.now = new Gate();
  notes = [];
  return startKit({ job, ledger }, {}, store);
}

const tellAll = ({ system }: Kit, id: string, from: number, to: number): void => {
  for (let n = from; n <= to; n++) system.tell(id, { type: 'do', n });
};

test('mail is kept in order and no turn begins, until it is resumed; others go on', async () => {
  const kit = begin();
  const { system, clock } = kit;
  tellAll(kit, 'job/a', 1, 2);
  await clock.settle();
  notes = [];
  await system.pause('job/a', { reason: 'why not' });
  tellAll(kit, 'job/a', 3, 5);
  tellAll(kit, 'job/b', 1, 1);
  await clock.advance(10_000);
  expect(notes).toEqual(['state b', 'start b', 'b 1']);
  const found = await system.inspect('job/a');
  expect(found).toMatchObject({ status: 'paused', mailbox: { count: 3 }, waitsFor: [{ what: 'resume' }] });
  expect(found.pause).toEqual({ pattern: 'job/a', reason: 'why not', since: expect.any(Number), perSecond: undefined });
  expect((await system.list({ sort: 'mailbox' })).actors).toMatchObject([
    { id: 'job/a', status: 'paused', mailbox: 3 },
  ]);
  expect((await system.metrics()).pauses).toMatchObject([{ pattern: 'job/a', reason: 'why not' }]);
  expect(await system.where('job/a')).toMatchObject({ active: true });
  notes = [];
  expect(await system.resume('job/a')).toBe(true);
  await clock.settle();
  expect(notes).toEqual(['a 3', 'a 4', 'a 5']);
  expect(await system.resume('job/a')).toBe(false);
  expect((await system.inspect('job/a')).pause).toBeUndefined();
});

test('one that has its turn to come in the run queue does not run any more', async () => {
  const kit = startKit({
    job: defineActor({ receive: { do: () => void notes.push('done'), pause: () => void kit.system.pause('job/*') } }),
  });
  notes = [];
  kit.system.tell('job/a', { type: 'pause' });
  // More than one slice of the scheduler, which only the pause comes between.
  for (let n = 0; n < SLICE_TURNS + 1_000; n++) kit.system.tell('job/a', { type: 'do' });
  await kit.clock.advance(1_000);
  const { length } = notes;
  expect(length).toBeGreaterThan(0);
  expect(length).toBeLessThanOrEqual(SLICE_TURNS);
  expect((await kit.system.inspect('job/a')).mailbox.count).toBe(SLICE_TURNS + 1_000 - length);
  await kit.system.resume('job/*');
  await kit.clock.settle();
  expect(notes).toHaveLength(SLICE_TURNS + 1_000);
});

test('a turn that has begun goes on to its end, and what waits behind it waits', async () => {
  const kit = begin();
  const { system, clock } = kit;
  system.tell('job/a', { type: 'hold' });
  tellAll(kit, 'job/a', 1, 1);
  await clock.settle();
  await system.pause('job/*');
  expect(await system.inspect('job/a')).toMatchObject({ status: 'busy', pause: { pattern: 'job/*' } });
  gate.now.open();
  await clock.settle();
  expect(notes).toEqual(['state a', 'start a', 'held a']);
  await system.resume('job/*');
  await clock.settle();
  expect(notes.at(-1)).toBe('a 1');
});

test('an actor whose mail would bring it to life starts when it is resumed', async () => {
  const kit = begin();
  const { system, clock } = kit;
  await system.pause('job/*');
  tellAll(kit, 'job/a', 1, 2);
  await clock.settle();
  expect(notes).toEqual([]);
  expect(await system.inspect('job/a')).toMatchObject({ status: 'paused', state: undefined, mailbox: { count: 2 } });
  await system.resume('job/*');
  await clock.settle();
  expect(notes).toEqual(['state a', 'start a', 'a 1', 'a 2']);
});

test('a spawn waits for the resume; a kill and a stop of what has not started find it', async () => {
  const { system, clock } = begin();
  await system.pause('job/*');
  const spawned = system.spawn('job', { key: 'a' });
  await clock.advance(30_000);
  await system.resume('job/*');
  await clock.settle();
  expect((await spawned).id).toBe('job/a');
  await system.pause('job/*');
  const killed = fateOf(system.spawn('job', { key: 'c' }));
  await clock.settle();
  await system.kill('job/c');
  expect(await killed).toBe('ACTOR_STOPPED/not-executed');
  expect(notes).not.toContain('start c');
});

test('an ask times out as not executed, and its message is not handled later', async () => {
  const { system, clock } = begin();
  await system.pause('job/*');
  const late = fateOf(system.ask('job/a', { type: 'get' }, { timeoutMs: 100 }));
  await clock.advance(100);
  expect(await late).toBe('ASK_TIMEOUT/not-executed');
  await system.resume('job/*');
  expect(await system.ask('job/a', { type: 'get' })).toBe('got');
});

test('timers that are due wait with the mail, once each', async () => {
  const { system, clock } = begin();
  system.tell('job/a', { type: 'later', ms: 500, n: 7 });
  await clock.settle();
  await system.pause('job/*');
  await clock.advance(5_000);
  expect(notes).toEqual(['state a', 'start a']);
  await system.resume('job/*');
  await clock.settle();
  expect(notes.at(-1)).toBe('a 7');
});

test('reminders that are due wait, and what durable actors send to paused ones waits without repeats', async () => {
  const kit = begin();
  const { system, clock } = kit;
  system.tell('ledger/a', { type: 'remind' });
  await clock.advance(100);
  await system.pause('ledger/a');
  system.tell('ledger/b', { type: 'pass', to: 'ledger/a', n: 100 });
  system.tell('ledger/a', { type: 'add', n: 10 });
  await clock.advance(600_000);
  expect(notes).toEqual([]);
  const { mailbox } = await system.inspect('ledger/a');
  expect(mailbox.count).toBe(3);
  await system.resume('ledger/a');
  await clock.advance(100);
  expect(notes.sort()).toEqual(['a 1', 'a 10', 'a 100']);
});

test('one that failed starts again only when it is resumed', async () => {
  const { system, clock } = begin();
  system.tell('job/a', { type: 'fail' });
  await clock.settle();
  await system.pause('job/*');
  await clock.advance(5_000);
  expect(notes.filter((note) => note === 'start a')).toHaveLength(1);
  expect(await system.inspect('job/a')).toMatchObject({ status: 'paused' });
  await system.resume('job/*');
  await clock.settle();
  expect(notes.filter((note) => note === 'start a')).toHaveLength(2);
});

test('an idle one does not leave memory while it is paused, since its onStop would run', async () => {
  const { system, clock } = begin();
  await system.ask('job/a', { type: 'get' });
  await system.pause('job/*');
  await clock.advance(300_000);
  expect(notes).not.toContain('stop a');
  await system.resume('job/*');
  await clock.advance(300_000);
  expect(notes).toContain('stop a');
});

test('a rate lets so many through in a second, in turn, until it is resumed without one', async () => {
  const kit = begin();
  const { system, clock } = kit;
  await system.pause('job/*');
  for (const key of ['a', 'b', 'c']) tellAll(kit, `job/${key}`, 1, 100);
  await clock.settle();
  await system.resume('job/*', { perSecond: 20 });
  await clock.advance(1_000);
  const count = (): number => notes.filter((note) => /^\w \d+$/.test(note)).length;
  expect(count()).toBeGreaterThanOrEqual(17);
  expect(count()).toBeLessThanOrEqual(24);
  await clock.advance(4_000);
  expect(count()).toBeGreaterThanOrEqual(94);
  expect(count()).toBeLessThanOrEqual(104);
  for (const key of ['a', 'b', 'c']) {
    const seen = notes.filter((note) => note.startsWith(`${key} `)).map((note) => Number(note.slice(2)));
    expect(seen).toEqual(seen.map((_, at) => at + 1));
    expect(seen.length).toBeGreaterThan(20);
  }
  expect((await system.metrics()).pauses).toMatchObject([{ pattern: 'job/*', perSecond: 20 }]);
  await system.resume('job/*');
  await clock.settle();
  expect(count()).toBe(300);
});

test('two patterns pause an actor until both are resumed', async () => {
  const kit = begin();
  const { system, clock } = kit;
  await system.pause('job/*');
  await system.pause('*');
  tellAll(kit, 'job/a', 1, 1);
  await system.resume('*');
  await clock.settle();
  expect(notes).toEqual([]);
  await system.resume('job/*');
  await clock.settle();
  expect(notes.at(-1)).toBe('a 1');
});

test('a shutdown with paused actors ends: asks are refused, onStop runs, mail becomes dead letters', async () => {
  const kit = begin();
  const { system, clock } = kit;
  await system.ask('job/a', { type: 'get' });
  await system.pause('*');
  tellAll(kit, 'job/a', 1, 2);
  tellAll(kit, 'job/b', 1, 1);
  const asked = fateOf(system.ask('job/a', { type: 'get' }, { timeoutMs: 60_000 }));
  const down = system.shutdown();
  await clock.advance(100);
  await down;
  expect(await asked).toBe('SHUTTING_DOWN/not-executed');
  expect(notes).toEqual(['state a', 'start a', 'stop a']);
  expect(kit.dead().filter((letter) => letter.includes(':do:'))).toHaveLength(3);
});

test('mail beyond the mailbox is refused as ever, and stashed mail stays aside', async () => {
  const kit = startKit({ job: defineActor({ mailbox: { capacity: 10 }, receive: { do: () => {} } }) });
  await kit.system.pause('job/*');
  for (let n = 0; n < 12; n++) kit.system.tell('job/a', { type: 'do', n });
  await kit.clock.settle();
  expect(kit.dead()).toEqual(['job/a:do:MAILBOX_FULL', 'job/a:do:MAILBOX_FULL']);
});

test('what is no pattern, or too many of them, is refused', async () => {
  const { system } = begin();
  const bad: unknown[] = ['', 'job', 7, undefined, `job/${'x'.repeat(300)}`, 'job/*********'];
  for (const pattern of bad) expect((await errorOf(system.pause(pattern as string))).code).toBe('INVALID_OPTIONS');
  expect((await errorOf(system.pause('job/*', { why: 'x' } as never))).code).toBe('INVALID_OPTIONS');
  expect((await errorOf(system.pause('job/*', { reason: 'x'.repeat(257) }))).code).toBe('INVALID_OPTIONS');
  expect((await errorOf(system.pause('jop/*'))).message).toMatch(/did you mean 'job'/);
  for (const perSecond of [0, -1, Number.NaN, 2e6, '5'])
    expect((await errorOf(system.resume('job/*', { perSecond } as never))).code).toBe('INVALID_OPTIONS');
  for (let n = 0; n < PAUSES_MAX; n++) await system.pause(`job/${n}`);
  expect(await errorOf(system.pause('job/more'))).toMatchObject({ code: 'OVERLOADED', fate: 'not-executed' });
  await system.pause('job/0', { reason: 'again' });
});

test('a pattern matches as the regular expression that it stands for would', () => {
  const texts = fc.stringMatching(/^[ab/]{0,12}$/);
  fc.assert(
    fc.property(fc.stringMatching(/^[ab/*]{1,8}$/), texts, (pattern, id) => {
      const isMatch = new RegExp(`^${pattern.split('*').join('[^]*')}$`).test(id);
      expect(matcherOf(pattern)(id)).toBe(isMatch);
    }),
    { numRuns: 2_000 },
  );
  expect(faultOfPattern('job/*')).toBeUndefined();
  const longest = `job/${'x'.repeat(PAUSE_PATTERN_MAX - 4)}`;
  expect([faultOfPattern(longest), faultOfPattern(`${longest}x`)]).toEqual([
    undefined,
    'expected at most 256 characters',
  ]);
  const stars = `job/${'a*'.repeat(PAUSE_STARS_MAX)}`;
  expect([faultOfPattern(stars), faultOfPattern(`${stars}*`)]).toEqual([undefined, 'expected at most 8 stars']);
});
