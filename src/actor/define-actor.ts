/**
 * What an actor is: one call that infers the types of its state, messages and replies.
 * Definitions are plain values; `behaviour.ts` turns one into what a cell runs.
 */
import type { StandardSchemaV1 } from '../vocabulary/standard-schema.ts';
import type { ExitReason } from '../vocabulary/exit-reason.ts';
import type { SupervisionOptions } from '../supervision/supervision-options.ts';
import type { Context } from './context.ts';
import { type ActorDefinition, newDefinition } from './definition.ts';
import type { EventOf, MachineLogic } from './machine-actor.ts';

// biome-ignore lint/suspicious/noExplicitAny: a handler declares its own payload; `unknown` would refuse every declaration
export type Handlers<S> = Record<string, (ctx: Context<S>, message: any) => unknown>;

export interface PlacementOptions {
  /** Only workers of this role host the kind. Default: any worker. */
  role?: string;
  /** `hash` (default): by the id. `least-loaded`: where the fewest actors are. `local`: where it is first used. */
  strategy?: 'hash' | 'least-loaded' | 'local';
}

export interface DurableOptions {
  /** Wait until a commit is on disk before anything leaves. False gives up the last moments at power loss. Default true. */
  sync?: boolean;
  /** Of the state's shape. Default 1. */
  version?: number;
  /** Version → what makes a state of the next one. */
  // biome-ignore lint/suspicious/noExplicitAny: an old state has whatever shape it had
  migrate?: Record<number, (old: any) => unknown>;
}

export interface CommonActorOptions<S> {
  /** Around an incarnation: before its first message. */
  onStart?: (ctx: Context<S>) => unknown;
  /** Around an incarnation: after its last message. */
  onStop?: (ctx: Context<S>, reason: ExitReason) => unknown;
  /** A watched actor has ended. */
  onTerminated?: (ctx: Context<S>, ended: { id: string; reason: ExitReason }) => unknown;
  /** State, mail and reminders survive crashes; one turn is one commit. Default false. */
  durable?: boolean | DurableOptions;
  /** Milliseconds without a message after which it leaves memory. Default: never; 300 000 for a durable actor. */
  passivateAfterMs?: number;
  /** `capacity`: messages waiting at most. Default 100 000. */
  mailbox?: { capacity?: number };
  supervision?: SupervisionOptions;
  placement?: PlacementOptions;
  /** A Standard Schema that every incoming message must pass; the handler gets its output. */
  messages?: StandardSchemaV1;
}

export interface ActorOptions<S, A, H> extends CommonActorOptions<S> {
  /** The first state of an incarnation, plain data. Written first, it gives `ctx.state` its type in all the others. */
  state: (key: string, args: A) => S | Promise<S>;
  /** Message type → handler. What it returns is the reply of an ask. */
  receive: H & Handlers<NoInfer<S>>;
}

/** The state of an actor that is given none: `{}`. */
export type AnyState = Record<string, unknown>;

export interface StatelessOptions<H> extends CommonActorOptions<AnyState> {
  state?: undefined;
  receive: H & Handlers<AnyState>;
}

export interface MachineOptions<L extends MachineLogic> extends CommonActorOptions<unknown> {
  /** An XState v5 machine, or other actor logic; its events are the messages. */
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

// Neither a default nor a constraint here: the compiler would take it before it has looked at what `state` returns.
export function defineActor<S, A, H>(options: ActorOptions<S, A, H>): ActorDefinition<S, H, A>;
export function defineActor<H>(options: StatelessOptions<H>): ActorDefinition<AnyState, H, unknown>;
export function defineActor<L extends MachineLogic>(
  options: MachineOptions<L>,
): ActorDefinition<unknown, MachineHandlers<L>, unknown>;
export function defineActor(options: object): ActorDefinition {
  return newDefinition(options);
}
