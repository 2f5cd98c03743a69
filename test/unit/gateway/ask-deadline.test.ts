/** The deadline of an ask is on the clock of its client, which may be behind ours. */
import { expect, test } from 'vitest';
import { ASK_TIMEOUT_MS_MAX } from '../../../src/actor/ask-options.ts';
import { defineActor } from '../../../src/actor/define-actor.ts';
import { ClientActs, type ActsParts } from '../../../src/gateway/client-acts.ts';
import { ClientTraffic } from '../../../src/gateway/client-traffic.ts';
import { CLIENT_RIGHTS, Rights } from '../../../src/gateway/rights.ts';
import { Session } from '../../../src/gateway/session.ts';
import { Envelope, type ReplyTo } from '../../../src/vocabulary/envelope.ts';
import { startKit } from '../actor/kernel-fixture.ts';

test(`an ask waits ${ASK_TIMEOUT_MS_MAX} ms here at most, however far its deadline is`, async () => {
  const { clock, process } = startKit({ deep: defineActor({ receive: { hang: () => new Promise(() => {}) } }) });
  const { kernel, system } = process;
  const offsetMs = 60_000;
  const acts = new ClientActs({
    ...{ kernel, system, offsetMs, traffic: new ClientTraffic(), route: {} as ActsParts['route'] },
    session: new Session(kernel, new Rights('test', CLIENT_RIGHTS, ['*']), 'one'),
  });
  let fault: unknown;
  const replyTo = {
    ...{ address: () => ({ correlation: 1 }), begin: () => {}, written: () => {} },
    reject: (error: unknown) => void (fault = error),
  } as unknown as ReplyTo;
  const deadline = clock.now() + ASK_TIMEOUT_MS_MAX;
  acts.take(new Envelope('message', 'deep/a', { type: 'hang' }, undefined, replyTo, deadline));
  await clock.settle();
  clock.stall(ASK_TIMEOUT_MS_MAX - 1_000);
  await clock.settle();
  expect([fault, kernel.pending.size]).toEqual([undefined, 1]);
  await clock.advance(2_000);
  expect(fault).toMatchObject({ code: 'ASK_TIMEOUT' });
});
