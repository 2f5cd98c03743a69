/**
 * The definition of an actor: one call that infers the types of its state, messages and replies.
 * Definitions are plain values; `behaviour.ts` turns one into what a cell runs.
 */
import type { StandardSchemaV1 } from '../vocabulary/standard-schema.ts';
import type { ExitReason } from '../vocabulary/exit-reason.ts';
import type { SupervisionOptions } from '../supervision/supervision-options.ts';
import type { Context } from './context.ts';
import { type ActorDefinition, newDefinition } from './definition.ts';
import type { EventOf, MachineLogic } from './xstate-actor.ts';

/** Message type → handler. Handlers of one actor never overlap, `await` included. */
// biome-ignore lint/suspicious/noExplicitAny: a handler declares its own payload; `unknown` would refuse every declaration
export type Handlers<S> = Record<string, (ctx: Context<S>, message: any) => unknown>;

/** Which workers host the actors of a kind. */
export interface PlacementOptions {
  /** Only workers of this role host the kind; NO_WORKER where there is none. Default: any worker. */
  role?: string;
  /** `hash`: by the id. `least-loaded`: where the fewest actors are. `local`: where it is first used. Default `hash`. */
  strategy?: 'hash' | 'least-loaded' | 'local';
}

/** How a durable kind is kept. */
export interface DurableOptions {
  /** Wait until a commit is on disk before anything leaves. False gives up the last moments at power loss, not at a crash. Default true. */
  sync?: boolean;
  /** Version of the state's shape, a whole number from 1. Default 1. */
  version?: number;
  /** Version → function that makes a state of the next version of it; run as a record of an older version is read. Default: none. */
  // biome-ignore lint/suspicious/noExplicitAny: an old state has whatever shape it had
  migrate?: Record<number, (old: any) => unknown>;
}

/** The options that every kind of actor has. Faults are INVALID_OPTIONS as the definition is loaded, all named at once. */
export interface CommonActorOptions<S> {
  /**
   * Called before the first message of an incarnation, a restart included; not after a move. May be async, within 60 000 ms. An error is a failed start.
   *
   * @example
   * ```ts
   * onStart: (ctx) => ctx.subscribe('deposits'),
   * ```
   */
  onStart?: (ctx: Context<S>) => unknown;
  /**
   * Called after the last message of an incarnation with why it ends: `stopped`, `restart`, `passivated`, `shutdown` and so on. May be async, within
   * 5 000 ms. Not called where its process dies, nor before a move.
   *
   * @example
   * ```ts
   * onStop: (ctx, reason) => ctx.log.info({ reason }, 'gone'),
   * ```
   */
  onStop?: (ctx: Context<S>, reason: ExitReason) => unknown;
  /**
   * Called in a turn of its own, once for each actor that `ctx.watch` watches, when that has ended. Default: nothing happens.
   *
   * @example
   * ```ts
   * onTerminated: (ctx, { id }) => void ctx.state.players.delete(id),
   * ```
   */
  onTerminated?: (ctx: Context<S>, ended: { id: string; reason: ExitReason }) => unknown;
  /** State, mail and reminders survive crashes; one turn is one commit into the store in `dataDir`. Default false. */
  durable?: boolean | DurableOptions;
  /**
   * Milliseconds without a message after which it leaves memory, from 1 to 2 147 483 647. A volatile state is gone with that. A child stays as long as its
   * parent. Default: never; 300 000 for a durable actor.
   */
  passivateAfterMs?: number;
  /** `capacity`: messages waiting at most, from 1 to 10 000 000; from half of it on `tell` says false, beyond it is MAILBOX_FULL. Default 100 000. */
  mailbox?: { capacity?: number };
  /** The supervision of an actor whose handler throws. Default: a new incarnation, at most 5 times in 10 000 ms. */
  supervision?: SupervisionOptions;
  /** Which workers host the kind. Default: any, by the id's hash. */
  placement?: PlacementOptions;
  /** A Standard Schema (zod, valibot, arktype …) that every incoming message must pass, else INVALID_MESSAGE; the handler gets its output. Default: none. */
  messages?: StandardSchemaV1;
}

/** Options of an actor with a state. */
export interface ActorOptions<S, A, H> extends CommonActorOptions<S> {
  /**
   * Makes the first state of an incarnation, plain data, of the actor's key and the arguments of `spawn`. Written first, it gives `ctx.state` its type in
   * all the others. May be async, within 60 000 ms.
   *
   * @example
   * ```ts
   * state: (key, args?: { limit: number }) => ({ owner: key, limit: args?.limit ?? 0 }),
   * ```
   */
  state: (key: string, args: A) => S | Promise<S>;
  /** Message type → handler. Its result, plain data, is the reply of an ask; throw `Refusal` to refuse one. */
  receive: H & Handlers<NoInfer<S>>;
}

/** The state of an actor that is given none: `{}`. */
export type AnyState = Record<string, unknown>;

/** Options of an actor without a `state` function: its state begins as `{}`. */
export interface StatelessOptions<H> extends CommonActorOptions<AnyState> {
  /** Left out. */
  state?: undefined;
  /** Message type → handler. Its result, plain data, is the reply of an ask; throw `Refusal` to refuse one. */
  receive: H & Handlers<AnyState>;
}

/** Options of an actor that is a machine. */
export interface MachineOptions<L extends MachineLogic> extends CommonActorOptions<unknown> {
  /**
   * An XState v5 machine, or other actor logic; its events are the messages, its `input` is `{ key, args }`. An event that no state names is
   * UNKNOWN_MESSAGE. An ask gets what the action `reply` of `troupe/xstate` says, else `MachineReply`.
   */
  machine: L;
}

/** The options of any definition, types forgotten. */
// biome-ignore lint/suspicious/noExplicitAny: what inference knew is gone here on purpose
export type DefinitionOptions = CommonActorOptions<any> & {
  // biome-ignore lint/suspicious/noExplicitAny: as above
  state?: (key: string, args: any) => unknown;
  receive?: Handlers<never>;
  machine?: MachineLogic;
};

/** A machine's events as message types; the reply of an ask is not known to the compiler. */
export type MachineHandlers<L extends MachineLogic> = {
  // biome-ignore lint/suspicious/noExplicitAny: a machine replies whatever its `reply` action says
  [E in EventOf<L> as E['type']]: (ctx: never, message: Omit<E, 'type'>) => any;
};

/**
 * Defines a kind of actors: what one is made of, in one call that infers the types of its state, messages and replies. A file in the `actors/` folder
 * exports a definition by default; its name is the kind.
 *
 * `receive` maps message types to handlers; a handler gets the context and the message, and what it returns is the reply. An error of it fails the ask
 * (HANDLER_FAILED; REFUSED with `Refusal`). Handlers of one actor never overlap. By default an actor is volatile (`durable: false`), stays in
 * memory (`passivateAfterMs`, milliseconds), has a mailbox of 100 000 messages, and is started anew when a handler throws, at most 5 times in
 * 10 000 ms (`supervision`).
 *
 * Nothing is checked here: faults are one error INVALID_OPTIONS, naming all of them, from `createSystem`, `reload` or `createTestSystem`.
 *
 * @example
 * ```ts
 * export default defineActor({
 *   state: (key) => ({ owner: key, count: 0 }),
 *   receive: {
 *     add(ctx, message: { by: number }) {
 *       ctx.state.count += message.by;
 *     },
 *     get: (ctx) => ctx.state.count,
 *   },
 * });
 * ```
 */
// Neither a default nor a constraint here: the compiler would take it before it has looked at what `state` returns.
export function defineActor<S, A, H>(options: ActorOptions<S, A, H>): ActorDefinition<S, H, A>;
/**
 * Defines a kind of actors whose state begins as `{}`. All else as with a `state` function.
 *
 * @example
 * ```ts
 * export default defineActor({ receive: { echo: (_ctx, message: { text: string }) => message.text } });
 * ```
 */
export function defineActor<H>(options: StatelessOptions<H>): ActorDefinition<AnyState, H, unknown>;
/**
 * Defines a kind of actors that are XState v5 machines, or other actor logic: events are the messages.
 *
 * @example
 * ```ts
 * export default defineActor({ machine: createMachine({ initial: 'off', states: { off: { on: { press: 'on' } }, on: {} } }), durable: true });
 * ```
 */
export function defineActor<L extends MachineLogic>(
  options: MachineOptions<L>,
): ActorDefinition<unknown, MachineHandlers<L>, unknown>;
export function defineActor(options: object): ActorDefinition {
  return newDefinition(options);
}
