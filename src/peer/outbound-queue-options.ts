/** The parts of its process that the way out to another one stands on. */
import type { DeadLetters } from '../observe/dead-letters.ts';
import type { Clock } from '../vocabulary/clock.ts';
import type { ActorId } from '../plain-data/actor-id.ts';
import type { QueueMemory } from '../vocabulary/queue-memory.ts';

export interface OutboundQueueOptions {
  index: number;
  incarnation: number;
  /** Default: by index and incarnation. */
  address?: ActorId | undefined;
  clock: Clock;
  deadLetters: DeadLetters;
  messageBytesMax: number;
  /** The epoch that frames carry. */
  epoch: () => number;
  /** Links of the process that share what it sends. Default: this one. */
  links?: () => number;
  /** The memory that all queues of the process hold. Default: one of its own, without a bound. */
  memory?: QueueMemory;
}
