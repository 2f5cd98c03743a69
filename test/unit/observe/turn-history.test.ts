/** The last turns of actors, as the option `history` keeps them. */
import { expect, test } from 'vitest';
import { behaviourOf } from '../../../src/actor/behaviour.ts';
import { seededRandom } from '../../../src/doubles/seeded-random.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { defineActor, Refusal, type System } from '../../../src/index.ts';
import { openLog } from '../../../src/observe/log.ts';
import {
  bothTraces,
  HISTORY_KEPT_MAX,
  HISTORY_TURNS,
  HISTORY_TURNS_MAX,
  HISTORY_TYPE_MAX,
  type HistoryOptions,
  TurnHistory,
} from '../../../src/observe/turn-history.ts';
import { resolveOptions } from '../../../src/options.ts';
import { LocalProcess } from '../../../src/process/local-process.ts';

const job = defineActor({
  receive: {
    wait: (_ctx, { ms }: { ms: number }) => new Promise<void>((resolve) => void clockTimer(ms, resolve)),
    fail() {
      throw new Error('on purpose');
    },
    refuse() {
      throw new Refusal('not today');
    },
    call: (ctx, { to }: { to: string }) => ctx.ask(to, { type: 'wait', ms: 5 }),
  },
});
const other = defineActor({ receive: { add: () => undefined } });

let clock = new VirtualClock();
const clockTimer = (ms: number, run: () => void): unknown => clock.setTimer(ms, run);

function start(history: HistoryOptions | undefined): { system: System; kernel: LocalProcess['kernel'] } {
  clock = new VirtualClock();
  return new LocalProcess({
    ...{ name: 'test', clock, random: seededRandom(1), log: openLog('silent', {}), shutdownMs: 1_000 },
    limits: { askTimeoutMs: 5_000, messageBytesMax: 2 ** 20, checkMessages: false, history },
    behaviours: new Map([
      ['job', behaviourOf('job', job)],
      ['other', behaviourOf('other', other)],
    ]),
    holdsProcess: false,
  });
}

test('turns are kept with type, sender, time, duration and outcome', async () => {
  const { system } = start({ turns: 5 });
  const at = clock.wall();
  system.tell('job/a', { type: 'wait', ms: 40 });
  await clock.settle();
  await clock.advance(100);
  system.tell('job/b', { type: 'call', to: 'job/a' });
  await clock.settle();
  await clock.advance(100);
  void system.ask('job/a', { type: 'refuse' }).catch(() => {});
  system.tell('job/a', { type: 'fail' });
  await clock.settle();
  await clock.advance(1_000);
  system.tell('job/a', { type: 'wait', ms: 9_000 });
  await clock.settle();
  expect(await system.history('job/a')).toEqual([
    { type: 'wait', sender: undefined, at, ms: 40, outcome: 'done' },
    { type: 'wait', sender: 'job/b', at: at + 100, ms: 5, outcome: 'done' },
    { type: 'refuse', sender: undefined, at: at + 200, ms: 0, outcome: 'refused' },
    { type: 'fail', sender: undefined, at: at + 200, ms: 0, outcome: 'failed' },
    { type: 'wait', sender: undefined, at: at + 1_200, ms: undefined, outcome: 'running' },
  ]);
  await system.kill('job/a');
  system.tell('job/a', { type: 'wait', ms: 0 });
  await clock.settle();
  await clock.advance(1);
  const turns = await system.history('job/a', { last: 2 });
  expect(turns.map(({ outcome, ms }) => [outcome, ms])).toEqual([
    ['given-up', undefined],
    ['done', 0],
  ]);
  expect(await system.history('job/a')).toHaveLength(5);
  expect(await system.history('job/none')).toEqual([]);
});

test('turns of other kinds are not kept, and none where the option is not given', async () => {
  for (const history of [{ kinds: ['other'] }, undefined]) {
    const { system, kernel } = start(history);
    expect(kernel.trace === undefined).toBe(history === undefined);
    system.tell('job/a', { type: 'fail' });
    system.tell('other/a', { type: 'add' });
    await clock.settle();
    expect(await system.history('job/a')).toEqual([]);
    expect(await system.history('other/a')).toHaveLength(history ? 1 : 0);
  }
});

test('what is kept is bounded, of an actor and of all', () => {
  const history = new TurnHistory(clock, { turns: 10 }, 100);
  const turn = (id: string, type: string): void => {
    const mail = { topic: 'turn', id, sender: undefined, verb: 'message', message: { type } } as const;
    history.note({ ...mail, step: 'begun' });
    history.note({ ...mail, step: 'ended', outcome: 'done' });
  };
  for (let n = 0; n < 25; n++) turn('job/a', `type-${n}`);
  expect(history.of('job/a', 1_000).map(({ type }) => type)).toEqual(
    Array.from({ length: 10 }, (_, n) => `type-${15 + n}`),
  );
  expect(history.of('job/a', 2).map(({ type }) => type)).toEqual(['type-23', 'type-24']);
  const count = (): number =>
    Array.from({ length: 500 }, (_, n) => history.of(`job/${n}`, 1_000).length).reduce((a, b) => a + b, 0);
  for (let n = 0; n < 500; n++) for (let more = 0; more < 3; more++) turn(`job/${n}`, 'x');
  expect(count()).toBeLessThanOrEqual(100);
  expect(count()).toBeGreaterThan(90);
  expect(history.of('job/499', 10)).toHaveLength(3);
  expect(history.of('job/a', 10)).toEqual([]);
  turn('job/b', 'y'.repeat(100_000));
  expect(history.of('job/b', 1)[0]?.type).toHaveLength(HISTORY_TYPE_MAX);
});

test('so many turns are kept, of an actor and of all, unless told otherwise', () => {
  const history = new TurnHistory(clock, {});
  const turn = (id: string): void => {
    const mail = { topic: 'turn', id, sender: undefined, verb: 'message', message: { type: 'x' } } as const;
    history.note({ ...mail, step: 'begun' });
    history.note({ ...mail, step: 'ended', outcome: 'done' });
  };
  const actors = HISTORY_KEPT_MAX / HISTORY_TURNS;
  for (let n = 0; n <= actors; n++) for (let more = 0; more <= HISTORY_TURNS; more++) turn(`job/${n}`);
  let all = 0;
  for (let n = 0; n <= actors; n++) all += history.of(`job/${n}`, 1_000).length;
  expect(history.of(`job/${actors}`, 1_000)).toHaveLength(HISTORY_TURNS);
  expect(all).toBeLessThanOrEqual(HISTORY_KEPT_MAX);
  expect(all).toBeGreaterThan(HISTORY_KEPT_MAX - 2 * HISTORY_TURNS);
});

test('a trace and a history are both told', () => {
  const topics: string[] = [];
  const note = ({ topic }: { topic: string }): void => void topics.push(topic);
  bothTraces({ note }, { note })?.note({ topic: 'turn', step: 'committed', id: 'job/a' });
  expect(topics).toEqual(['turn', 'turn']);
  expect(bothTraces(undefined, undefined)).toBeUndefined();
});

test('what is no history is refused', async () => {
  const bad: [history: unknown, text: string][] = [
    [5, 'history: expected { turns, kinds }; got 5'],
    [{ turns: 0 }, `history.turns: expected a whole number from 1 to ${HISTORY_TURNS_MAX}; got 0`],
    [{ turns: HISTORY_TURNS_MAX + 1 }, 'history.turns: expected'],
    [{ kinds: ['Not A Kind'] }, 'history.kinds: expected a list of kinds'],
    [{ turn: 5 }, "did you mean 'turns'"],
  ];
  for (const [history, text] of bad) expect(() => resolveOptions({ history: history as HistoryOptions })).toThrow(text);
  expect(resolveOptions({ history: { turns: 5, kinds: ['job'] } }).history).toEqual({ turns: 5, kinds: ['job'] });
  const { system } = start(undefined);
  for (const options of [{ last: 0 }, { last: HISTORY_TURNS_MAX + 1 }, { first: 1 }, null])
    await expect(system.history('job/a', options as never)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
  await expect(system.history('jbo/a')).rejects.toMatchObject({ code: 'UNKNOWN_KIND' });
});
