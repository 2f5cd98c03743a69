/**
 * A typed handle of an actor: its id and who sends. Refs are cheap, compare by id and may travel inside messages.
 */
import type { ActorId } from '../vocabulary/address.ts';
import type { Message } from '../vocabulary/envelope.ts';
import type { AskOptions } from './ask-options.ts';

/** Any message. */
// biome-ignore lint/suspicious/noExplicitAny: `unknown` would refuse what is declared by an interface
export type AnyMessage = Message & Record<string, any>;

/** What a handler wants beside `type`. */
export type PayloadOf<F> = F extends (ctx: never) => unknown
  ? unknown
  : F extends (ctx: never, message: infer M) => unknown
    ? unknown extends M
      ? Record<string, unknown>
      : M
    : unknown;

/** The message of type `T` for the handlers `H`. */
export type MessageOf<H, T extends keyof H> = { type: T } & PayloadOf<H[T]>;

export type ReplyOf<H, T extends keyof H> = H[T] extends (...parameters: never[]) => infer R ? Awaited<R> : never;

export interface ActorRef<H = unknown> {
  readonly id: ActorId;
  /** Sends and goes on. False: taken, but slow down (`await drained()`). */
  tell<T extends keyof H & string>(message: MessageOf<H, T>): boolean;
  /** Sends and waits for the reply. */
  ask<T extends keyof H & string>(message: MessageOf<H, T>, options?: AskOptions): Promise<ReplyOf<H, T>>;
  /** Ends the actor after the mail that it has by then. */
  stop(reason?: string): Promise<void>;
}

/** A ref whose definition is not known to the compiler: any message, any reply. */
export interface UntypedRef {
  readonly id: ActorId;
  tell(message: AnyMessage): boolean;
  // biome-ignore lint/suspicious/noExplicitAny: the caller knows what it asked for
  ask<R = any>(message: AnyMessage, options?: AskOptions): Promise<R>;
  stop(reason?: string): Promise<void>;
}
