import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { defineActor } from '../../../src/actor/define-actor.ts';
import { openLog } from '../../../src/observe/log.ts';
import { systemClock } from '../../../src/vocabulary/system-clock.ts';
import { behavioursOf } from '../../../src/worker/load-actors.ts';
import { LocalProcess } from '../../../src/process/local-process.ts';

const user = new AsyncLocalStorage<string>();
const seen: { of: string; saw: string | undefined; where: string }[] = [];

function look(of: string, where: string): void {
  seen.push({ of, saw: user.getStore(), where });
}

const account = defineActor({
  state: (key) => {
    look(key, 'state');
    return { of: key };
  },
  onStart: async (ctx) => {
    look(ctx.key, 'onStart');
    await null;
    look(ctx.key, 'onStart, later');
  },
  onStop: (ctx) => look(ctx.key, 'onStop'),
  receive: {
    async touch(ctx) {
      look(ctx.key, 'handler');
      await null;
      look(ctx.key, 'handler, later');
      ctx.after(1, { type: 'timer' });
      ctx.publish('news', { type: 'news', of: ctx.key } as never);
    },
    timer: (ctx) => look(ctx.key, 'timer'),
    wait: (ctx) =>
      new Promise<void>((resolve) => {
        ctx.signal.addEventListener('abort', () => {
          look(ctx.key, 'abort');
          resolve();
        });
      }),
  },
});

/** The code of actors and of listeners, whoever has called, in the same moment or just then: only who awaits goes on in a context. */
test('nobody sees the async context of who called', async () => {
  const process = new LocalProcess({
    ...{ name: 'context', clock: systemClock(), random: Math.random, log: openLog('silent', {}), shutdownMs: 1_000 },
    limits: { askTimeoutMs: 1_000, messageBytesMax: 1_000_000, checkMessages: true },
    behaviours: behavioursOf([['account', account]], (kind) => kind),
  });
  const { system } = process;
  system.on('actor-started', ({ id }) => look(id.slice('account/'.length), 'actor-started'));
  system.on('dead-letter', ({ to }) => look(to.slice('account/'.length), 'dead-letter'));
  await system.subscribe('news', (message) => look((message as { of: string }).of, 'topic'));
  const users = ['ann', 'bob', 'cyd'];
  for (const of of users) user.run(of, () => system.tell(`account/${of}`, { type: 'touch' }));
  for (const of of users) {
    user.run(of, () => system.tell(`account/${of}`, { type: 'unheard-of' }));
    user.run(of, () => system.tell(`acount/${of}`, { type: 'touch' }));
    user.run(of, () => system.publish('news', { type: 'news', of } as never));
    user.run(of, () => systemClock().setTimer(1, () => look(of, 'clock')));
  }
  await sleep(20);
  await Promise.all(users.map((of) => user.run(of, () => system.ask(`account/${of}`, { type: 'touch' }))));
  const late = users.map((of) =>
    user.run(of, () =>
      system
        .ask(`account/${of}`, { type: 'wait' }, { timeoutMs: 20 })
        .catch(() => {})
        .then(() => look(of, 'asker')),
    ),
  );
  await Promise.all(late);
  await sleep(20);
  await user.run('dan', () => system.shutdown());
  const places = new Set(seen.map(({ where }) => where));
  expect(places).toEqual(
    new Set(
      [
        'state',
        'onStart',
        'onStart, later',
        'handler',
        'handler, later',
        'timer',
        'abort',
        'onStop',
        'actor-started',
      ].concat(['topic', 'asker', 'dead-letter', 'clock']),
    ),
  );
  expect(seen.filter(({ where, saw }) => where !== 'asker' && saw !== undefined)).toEqual([]);
  // Whoever awaits goes on in its own.
  expect(seen.filter(({ where, saw, of }) => where === 'asker' && saw !== of)).toEqual([]);
});
