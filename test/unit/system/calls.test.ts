/** Calls on a system are checked against their bounds before anything is done. */
import { expect, test } from 'vitest';
import { defineActor } from '../../../src/actor/define-actor.ts';
import { IDS_LIMIT, IDS_LIMIT_MAX } from '../../../src/system/stored-ids.ts';
import { createTestSystem } from '../../../src/testkit/index.ts';
import { PAUSE_REASON_MAX } from '../../../src/vocabulary/pause.ts';

const account = defineActor({ durable: true, state: () => ({ n: 0 }), receive: { add: (ctx) => ++ctx.state.n } });

test('a page of ids, and the reason of a pause, are refused beyond their bounds, and taken at them', async (context) => {
  const { system } = createTestSystem({ actors: { account } });
  context.onTestFinished(() => system.shutdown());
  await system.ask('account/a', { type: 'add' });
  expect(await system.ids('account', { limit: IDS_LIMIT_MAX })).toEqual(['account/a']);
  for (const limit of [0, IDS_LIMIT_MAX + 1, 1.5])
    await expect(system.ids('account', { limit })).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringContaining(`from 1 to ${IDS_LIMIT_MAX}`),
    });
  await system.pause('account/*', { reason: 'x'.repeat(PAUSE_REASON_MAX) });
  await expect(system.pause('account/b', { reason: 'x'.repeat(PAUSE_REASON_MAX + 1) })).rejects.toMatchObject({
    code: 'INVALID_OPTIONS',
    message: expect.stringContaining(`at most ${PAUSE_REASON_MAX} characters`),
  });
});

test('a page of ids has a thousand where nobody says how many, and the next one goes on behind it', async (context) => {
  const { system } = createTestSystem({ actors: { account } });
  context.onTestFinished(() => system.shutdown());
  const ids = Array.from({ length: IDS_LIMIT + 1 }, (_, n) => `account/${String(n).padStart(6, '0')}`);
  await Promise.all(ids.map((id) => system.ask(id, { type: 'add' })));
  const page = await system.ids('account');
  expect(page).toEqual(ids.slice(0, IDS_LIMIT));
  expect(await system.ids('account', { after: page.at(-1) as string })).toEqual(ids.slice(IDS_LIMIT));
});
