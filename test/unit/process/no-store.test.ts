/** A process that knows a durable kind and has no store: it sends to such actors, and none comes to life there. */
import { expect, test } from 'vitest';
import { defineActor } from '../../../src/actor/define-actor.ts';
import { newDurability } from '../../../src/durability/process-durability.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { Envelope, DeliveryId, type Verb } from '../../../src/vocabulary/envelope.ts';
import { IncomingHandoff } from '../../../src/handoff/incoming.ts';
import { actorPieces } from '../../../src/handoff/transfer-codec.ts';
import { behavioursOf } from '../../../src/worker/load-actors.ts';
import { newKernel } from '../../../src/process/new-kernel.ts';
import { KeptReply, silent } from '../peer/link-fixture.ts';

const ID = 'ledger/a';

function start() {
  const clock = new VirtualClock();
  const ledger = defineActor({ durable: true, state: () => ({}), receive: { note: () => {} } });
  const limits = { askTimeoutMs: 5_000, messageBytesMax: 1_000_000, checkMessages: true };
  const behaviours = behavioursOf([['ledger', ledger]], (kind) => kind);
  const parts = { worker: 1, incarnation: 1, clock, random: () => 0.5, log: silent, limits, behaviours, startedAt: 0 };
  const { kernel, actors } = newKernel({ ...parts, epoch: () => 0 });
  const reasons: string[] = [];
  kernel.events.on('dead-letter', ({ reason }) => void reasons.push(reason));
  newDurability(actors, { store: undefined, startedAt: 0, toRef: () => undefined, isOurs: () => true });
  return { kernel, actors, reasons };
}

function kept(verb: Verb, replyTo?: KeptReply): Envelope {
  const envelope = new Envelope(verb, ID, { type: 'note' }, undefined, replyTo, 0);
  if (verb === 'message') envelope.deliveryId = new DeliveryId('~2.1@0', 1, 0, 0, undefined);
  return envelope;
}

test.each(['message', 'spawn'] as const)('%s: whoever asks is told, and nothing throws', (verb) => {
  const { kernel, actors } = start();
  const reply = new KeptReply();
  expect(kernel.router.deliver(kept(verb, reply))).toBe(true);
  expect(reply.outcome).toMatchObject({
    code: 'STORE_FAILED',
    message: expect.stringContaining(`${ID} is durable, and the store is not open in this process`),
  });
  expect(actors.size).toBe(0);
});

test('a message that its sender keeps is no dead letter: it goes again, to whoever hosts the actor then', () => {
  const { kernel, reasons } = start();
  kernel.router.deliver(kept('message'));
  expect(reasons).toEqual([]);
});

test('nobody is woken or started again there', () => {
  const { kernel, actors } = start();
  kernel.router.deliver(kept('wake'));
  actors.respawn(ID, undefined);
  expect(actors.size).toBe(0);
});

test('an actor that moves there is refused', async () => {
  const { actors } = start();
  const never = (): never => {
    throw new Error('nothing is sent');
  };
  const router = { deliver: never, arrived: never };
  const incoming = new IncomingHandoff({ actors, topics: never as never, router, toRef: never, replyTo: never });
  const transfer = {
    id: ID,
    watchers: [],
    topics: [],
    incarnation: undefined,
    passivated: undefined,
    failedUntil: undefined,
  };
  for (const { piece } of actorPieces(transfer, undefined)) incoming.add(piece);
  await expect(incoming.complete()).rejects.toMatchObject({ code: 'STORE_FAILED' });
});
