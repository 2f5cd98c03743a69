/** Starts that may have ended a process come one after the other: how long one of them keeps the next. */
import { expect, test } from 'vitest';
import { RESPAWN_ALONE_MS } from '../../../src/actor/respawns.ts';
import { defineActor, startKit } from './kernel-fixture.ts';

test('a start that hangs keeps the next one for so long, and no longer', async () => {
  const begun: string[] = [];
  const told: string[] = [];
  const slow = defineActor({
    state: (key) => ({ key }),
    onStart: (ctx) => {
      begun.push(ctx.state.key);
      return ctx.state.key === 'hangs' ? new Promise<void>(() => {}) : undefined;
    },
    receive: { ping: () => 'pong' },
  });
  const { clock, process } = startKit({ slow });
  process.actors.observer = {
    ...{ spawned: () => {}, ended: () => {} },
    // Before anything of it runs: nothing comes behind what ends the process.
    startsAlone: (id) => told.push(`${id} begins behind ${begun.length}`),
    startedAgain: (id) => told.push(`${id} has started`),
  };
  for (const key of ['hangs', 'next', 'last']) process.actors.respawn(`slow/${key}`, undefined, 1);
  await clock.advance(RESPAWN_ALONE_MS - 1);
  expect(begun).toEqual(['hangs']);
  await clock.advance(2);
  // One that starts at once keeps nobody.
  expect(begun).toEqual(['hangs', 'next', 'last']);
  expect(told).toEqual([
    ...['slow/hangs begins behind 0', 'slow/next begins behind 1', 'slow/next has started'],
    ...['slow/last begins behind 2', 'slow/last has started'],
  ]);
});

test('those that no worker has died of start together, and nobody is told before', async () => {
  const told: string[] = [];
  const slow = defineActor({ state: (key) => ({ key }), receive: { ping: () => 'pong' } });
  const { clock, process } = startKit({ slow });
  process.actors.observer = {
    ...{ spawned: () => {}, ended: () => {}, startsAlone: () => told.push('alone') },
    startedAgain: (id) => told.push(id),
  };
  for (const key of ['one', 'two']) process.actors.respawn(`slow/${key}`, undefined);
  await clock.advance(1);
  expect(told).toEqual(['slow/one', 'slow/two']);
});
