/** The kernel of a client: it hosts nothing, and all of its mail leaves. A client sends as any process does. */
import { randomBytes } from 'node:crypto';
import type { Kernel } from '../actor/kernel.ts';
import { PendingReplies } from '../actor/pending-replies.ts';
import { Scheduler } from '../actor/scheduler.ts';
import { DeadLetters } from '../observe/dead-letters.ts';
import { EventBus } from '../observe/event-bus.ts';
import type { Log } from '../observe/log.ts';
import { OutsideGateways } from '../observe/outside-gateways.ts';
import type { Spans } from '../observe/spans.ts';
import type { TopicBus } from '../pubsub/topic-bus.ts';
import { processAddress } from '../vocabulary/address.ts';
import type { Clock } from '../vocabulary/clock.ts';
import type { QueueMemory } from '../vocabulary/queue-memory.ts';
import type { Recipient } from '../vocabulary/recipient.ts';
import { encodedSize } from '../wire/codec.ts';

/** Asks of a client in flight, at most; one more fails with OVERLOADED. */
export const CLIENT_PENDING_ASKS_MAX = 40_000;

export interface ClientKernelParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly memory: QueueMemory;
  /** Undefined where nobody traces. */
  readonly spans: Spans | undefined;
  router(deadLetters: DeadLetters, pending: PendingReplies): Recipient;
  topics(kernel: () => Kernel): TopicBus;
}

export function clientKernel({ clock, log, memory, spans, router, topics }: ClientKernelParts): Kernel {
  const address = processAddress(0, 1);
  const events = new EventBus(log);
  const deadLetters = new DeadLetters(events, clock);
  const pending = new PendingReplies(clock, address, CLIENT_PENDING_ASKS_MAX);
  const key = (): string => randomBytes(15).toString('base64url');
  const kernel: Kernel = {
    ...{ worker: 0, address, clock, random: Math.random, newKey: key, newFence: key, epoch: () => 0, log, events },
    // Messages that are kept must not change until they are resent: they are always checked and frozen.
    limits: { askTimeoutMs: 5_000, messageBytesMax: 16 * 1024 * 1024, checkMessages: true },
    ...{ behaviours: new Map(), kinds: () => [], wasRemoved: () => false, scheduler: new Scheduler(clock) },
    ...{ pending, deadLetters, memory, gateways: new OutsideGateways(), router: router(deadLetters, pending) },
    topics: topics(() => kernel),
    ...{
      trace: undefined,
      spans,
      clients: undefined,
      claims: undefined,
      serving: undefined,
      pauses: undefined,
      durability: undefined,
      encodedBytes: encodedSize,
      running: undefined,
      closing: false,
    },
  };
  pending.onGivenUp = ({ target, correlation }) =>
    kernel.router.signal(target, { type: 'ask-given-up', process: address, correlation });
  return kernel;
}

/** A client writes no log: what goes wrong is an error of its call, or an event. */
export const NO_LOG: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => NO_LOG,
};
