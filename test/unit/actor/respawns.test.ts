/** Starts that may have ended a process come one after the other: how long one of them keeps the next. */
import { expect, test } from 'vitest';
import { RESPAWN_ALONE_MS } from '../../../src/actor/respawns.ts';
import { defineActor, startKit } from './kernel-fixture.ts';

test('a start that hangs keeps the next one for so long, and no longer', async () => {
  const begun: string[] = [];
  const slow = defineActor({
    state: (key) => ({ key }),
    onStart: (ctx) => {
      begun.push(ctx.state.key);
      return ctx.state.key === 'hangs' ? new Promise<void>(() => {}) : undefined;
    },
    receive: { ping: () => 'pong' },
  });
  const { clock, process } = startKit({ slow });
  for (const key of ['hangs', 'next', 'last']) process.actors.respawn(`slow/${key}`, undefined, 1);
  await clock.advance(RESPAWN_ALONE_MS - 1);
  expect(begun).toEqual(['hangs']);
  await clock.advance(2);
  // One that starts at once keeps nobody.
  expect(begun).toEqual(['hangs', 'next', 'last']);
});
