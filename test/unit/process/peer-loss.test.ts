/** Where mail goes that a link did not get written before it ended. */
import { expect, test } from 'vitest';
import type { OutboundQueue } from '../../../src/peer/outbound-queue.ts';
import { type LossParts, PeerLoss } from '../../../src/process/peer-loss.ts';
import { message, newLine, numberOf } from '../peer/link-fixture.ts';
import type { Envelope } from '../../../src/vocabulary/envelope.ts';

async function lossOf(isDirect: boolean): Promise<number[]> {
  const [worker, master] = [await newLine({ isAttached: false }), await newLine()];
  master.out.dam();
  for (const n of [2, 3]) master.out.mail(message('counter/a', n));
  worker.out.mail(message('counter/a', 1));
  const parts = {
    actors: { kernel: { pending: { at: () => [] } } },
    router: { takeBack: (mail: Envelope[]) => mail.forEach((one) => void master.out.mail(one)), runsAt: () => false },
    topics: { peerGone: () => {} },
    handoffs: { linkEnded: () => {} },
    durability: { resend: () => {} },
    others: {
      masterOf: (peer: OutboundQueue) => (isDirect && peer === worker.out ? master.out : undefined),
      hostLost: () => {},
    },
  } as unknown as LossParts;
  new PeerLoss(parts).linkEnded(worker.out);
  await master.settle();
  return master.ingress.envelopes.map(numberOf);
}

test('mail of a direct link to a worker of another machine goes before what waits for it at the way in; other mail waits too', async () => {
  expect(await lossOf(true)).toEqual([1]);
  expect(await lossOf(false)).toEqual([]);
});
