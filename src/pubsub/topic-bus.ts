/** The bus that actors and systems publish and subscribe through: in one process, or across all of them. */
import type { ActorId } from '../vocabulary/address.ts';

export type TopicListener = (message: unknown) => void;

/** Settles once the mail that an actor has by then is handled. */
export type Barrier = (id: ActorId) => Promise<unknown>;

export const TOPIC_LENGTH_MAX = 512;

export interface TopicBus {
  /**
   * To all subscribers, in the order of this publisher's other mail. False: slow down, half of what may wait for one of them, or
   * on the way to it, does. `trace`: the context of its trace, for each subscriber.
   */
  publish(topic: string, message: unknown, sender: ActorId | undefined, trace?: string): boolean;
  /** Resolves once what was published to it so far has been handled; `barrier`: the same for a subscriber of this process. */
  handled(topic: string, barrier: Barrier): Promise<unknown>;
  /** Resolves once in force everywhere: what is published after that anywhere arrives. */
  listen(topic: string, listener: TopicListener): Promise<() => Promise<void>>;
  /** The same for an actor that lives in this process. */
  join(topic: string, id: ActorId): Promise<void> | undefined;
  leave(topic: string, id: ActorId): void;
  topicsOf(id: ActorId): string[];
  /** The actors of this process that subscribe to something. */
  joined(): Iterable<ActorId>;
  /** The actor has ended. */
  leaveAll(id: ActorId): void;
}
