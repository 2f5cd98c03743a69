/** What another machine answers as it leaves, for an ask that is sent again and for one that is not. */
import { describe, expect, it } from 'vitest';
import { MachineCalls } from '../../../src/machine-routes/machine-calls.ts';
import { MachineLinkEvents, type MachineEventParts } from '../../../src/machine-routing/machine-link-events.ts';
import type { OutboundQueue } from '../../../src/peer/outbound-queue.ts';
import type { ErrorData } from '../../../src/vocabulary/errors.ts';
import { defineActor, fateOf, startKit } from '../actor/kernel-fixture.ts';

const counter = defineActor({ receive: { add() {} } });
const leaving: ErrorData = { code: 'SHUTTING_DOWN', message: 'the system has shut down', fate: 'not-executed' };
const refused: ErrorData = { code: 'MAILBOX_FULL', message: 'the mailbox is full', fate: 'not-executed' };

function asked(isSentAgain: boolean): { failed(error: ErrorData): void; answer: Promise<unknown> } {
  const { actors } = startKit({ counter }).process;
  const { pending } = actors.kernel;
  const calls = new MachineCalls(actors.kernel.clock, async () => {});
  const parts = { actors, peers: { all: () => [] }, calls } as unknown as MachineEventParts;
  const ingress = new MachineLinkEvents(parts).ingress({ address: '~0.9' } as OutboundQueue);
  const reply = pending.open('counter/a', 0, undefined, undefined);
  reply.survivesHostLoss = isSentAgain;
  const { correlation } = reply.address();
  return { failed: (error) => ingress.failed(correlation, error), answer: reply.promise };
}

describe('an ask that a machine which leaves gives back', () => {
  it('goes on where it is sent again, to where its actor is now', async () => {
    const { failed, answer } = asked(true);
    failed(leaving);
    failed({ ...refused, message: 'by the next one' });
    await expect(answer).rejects.toThrow('by the next one');
  });

  it('fails where nobody sends it again', async () => {
    const { failed, answer } = asked(false);
    failed(leaving);
    expect(await fateOf(answer)).toContain('SHUTTING_DOWN');
  });
});
