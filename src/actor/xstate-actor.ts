/**
 * XState v5 actor logic as the behaviour of an actor: events are the messages, delays run on the runtime's clock, and
 * the actions `tell`, `reply` and `publish` reach the system. The one importer of xstate in this room.
 *
 *   message ─► turn ─► machine.send ─► transitions, actions ─► reply action, else { value, context, status, output }
 */
import {
  type ActionArgs,
  type AnyActorLogic,
  type AnyActorRef,
  type AnyStateMachine,
  createActor,
  type EventFromLogic,
  type EventObject,
  type MachineContext,
  type Snapshot,
} from 'xstate';
import type { ActorId } from '../vocabulary/address.ts';
import { sharedByCopies } from '../vocabulary/brand.ts';
import type { Message } from '../vocabulary/envelope.ts';
import type { AnyMessage } from './actor-ref.ts';
import type { Context } from './context.ts';
import { isActive, type MachineActor } from './xstate-activity.ts';
import { MachineDelays, type MachineHost, type PackedDelay } from './xstate-delays.ts';
import { drawingOf } from './xstate-drawing.ts';
import { isOwnEvent, knownEvents } from './xstate-events.ts';
import { MachineGate } from './xstate-gate.ts';
import { plainPart } from './xstate-reply.ts';
import type { Runner } from './runner.ts';

/** An XState v5 machine, or other actor logic. */
export type MachineLogic = AnyActorLogic;
/** The events of a machine. */
export type EventOf<L extends MachineLogic> = EventFromLogic<L>;

/** The reply of an ask, after its event, where no `reply` action answered it. */
export interface MachineReply {
  /** The state's value, as in the machine's snapshot. */
  value: unknown;
  /** The part of its context that is plain data; actors of the machine are `{ xstate$$type: 1, id }`. */
  context: unknown;
  /** `active` until the machine has come to a final state. */
  status: 'active' | 'done' | 'error' | 'stopped';
  /** The output of the machine at its end. */
  output: unknown;
}

interface Running {
  actor: AnyActorRef;
  ctx: Context<unknown>;
  gate: MachineGate;
  delays: MachineDelays;
  /** Set by the `reply` action during a turn. */
  reply: { value: unknown } | undefined;
  failed: boolean;
}

/** A machine on its way to another process. */
interface PackedMachine {
  snapshot: unknown;
  delays: PackedDelay[];
}

/** The actions may come from another copy of this package, which the actors import. */
const runningBySystem = sharedByCopies('machines', () => new WeakMap<object, Running>());
const runningByHost = new WeakMap<MachineHost, Running>();
const hosts = new WeakMap<Context<unknown>, MachineHost>();

/** Told by the cell before `begin`, and of each context that takes the place of another one. */
export function hostMachine(ctx: Context<unknown>, host: MachineHost): void {
  hosts.set(ctx, host);
}

export function isMachineLogic(value: unknown): value is MachineLogic {
  const logic = value as Partial<MachineLogic> | null;
  return (
    typeof logic === 'object' &&
    logic !== null &&
    typeof logic.transition === 'function' &&
    typeof logic.getInitialSnapshot === 'function'
  );
}

export function machineRunner(logic: MachineLogic): Runner {
  const provided = provideActions(logic);
  const receive = (ctx: Context<unknown>, message: unknown): unknown => handle(ctx, message as Message);
  const { isKnown, types } = knownEvents(provided);
  return {
    ...(types && { types }),
    begin: (ctx, args) => begin(provided, ctx, args),
    handlerOf: (type) => (isKnown(type) ? receive : undefined),
    lookOf: (type) => (isOwnEvent(type) ? undefined : look),
    view: (ctx) => {
      const running = runningOf(ctx);
      return running && summary(running.actor.getSnapshot());
    },
    viewOf: (packed) => summary((packed as PackedMachine).snapshot as Snapshot<unknown>),
    drawing: () => drawingOf(logic),
    plainReply: (ctx, reply) => (runningOf(ctx)?.reply ? undefined : plainPart(reply)),
    end: (ctx) => end(runningOf(ctx)),
    isActive: (ctx) => {
      const running = runningOf(ctx);
      return running !== undefined && isActive(running.actor as unknown as MachineActor);
    },
    pack: (ctx) => {
      const { actor, delays } = runningOf(ctx) as Running;
      return { snapshot: actor.getPersistedSnapshot(), delays: delays.pack() } satisfies PackedMachine;
    },
    nextDueAt: (ctx) => runningOf(ctx)?.delays.nextDueAt(),
    unpack: (ctx, packed, shiftMs = 0) => {
      const { snapshot, delays } = packed as PackedMachine;
      const running = create(provided, ctx, { snapshot });
      running.gate.restore(() => running.actor.start());
      throwIfFailed(running);
      running.delays.unpack(delays, shiftMs);
    },
  };
}

function begin(logic: MachineLogic, ctx: Context<unknown>, args: unknown): unknown {
  const running = create(logic, ctx, { input: { key: ctx.key, args } });
  running.gate.inside(() => running.actor.start());
  throwIfFailed(running);
  return undefined;
}

function create(logic: MachineLogic, ctx: Context<unknown>, from: { input: unknown } | { snapshot: unknown }): Running {
  const host = hosts.get(ctx) as MachineHost;
  const gate = new MachineGate(host, () => throwIfFailed(running));
  const delays = new MachineDelays(host, gate);
  const actor = createActor(logic, { id: ctx.key, ...(from as object), clock: delays.clock });
  gate.guard(actor.system);
  delays.runFor(actor);
  const running: Running = { actor, ctx, gate, delays, reply: undefined, failed: false };
  runningBySystem.set(actor.system, running);
  runningByHost.set(host, running);
  // XState throws an error that nobody hears at the process; each turn, and each start, looks for one itself.
  actor.subscribe({ error: () => {} });
  return running;
}

function end(running: Running | undefined): void {
  running?.gate.close();
  running?.actor.stop();
}

function handle(ctx: Context<unknown>, message: Message): unknown {
  const running = runningOf(ctx) as Running;
  running.reply = undefined;
  // One that has come to its end stays readable, and takes no events.
  if (running.actor.getSnapshot().status === 'active') running.gate.inside(() => running.actor.send(message));
  throwIfFailed(running);
  const answer = running.reply as Running['reply'];
  return answer ? answer.value : summary(running.actor.getSnapshot());
}

/** An ask with an event that its machine knows in no state. */
function look(ctx: Context<unknown>): MachineReply {
  const running = runningOf(ctx) as Running;
  running.reply = undefined;
  return summary(running.actor.getSnapshot());
}

function runningOf(ctx: Context<unknown>): Running | undefined {
  return runningByHost.get(hosts.get(ctx) as MachineHost);
}

function summary(snapshot: Snapshot<unknown> & { value?: unknown; context?: unknown }): MachineReply {
  const { value, context, status, output } = snapshot;
  return { value, context, status, output };
}

function throwIfFailed(running: Running): void {
  const snapshot: Snapshot<unknown> = running.actor.getSnapshot();
  if (snapshot.status !== 'error' || running.failed) return;
  running.failed = true;
  throw snapshot.error;
}

/** An action of an XState machine; it fits every machine, whatever its types. */
// biome-ignore lint/suspicious/noExplicitAny: as it says
export type MachineAction = (args: ActionArgs<any, any, any>, params?: any) => void;
/** A value, or a function that makes it from the machine's context and event. */
export type Resolvable<C extends MachineContext, E extends EventObject, V> =
  | V
  | ((args: { context: C; event: E }) => V);

function runningIn(args: { system: object }): Running {
  const running = runningBySystem.get(args.system);
  if (!running)
    throw new Error('tell, reply and publish are actions of machines that run as troupe actors; got another machine');
  return running;
}

function resolved(value: unknown, args: ActionArgs<MachineContext, EventObject, EventObject>): unknown {
  return typeof value === 'function' ? value({ context: args.context, event: args.event }) : value;
}

/**
 * Action that answers the ask whose event is being handled, with what a function makes of the context and the event. Of several in one event the last one
 * counts; for a tell it does nothing.
 *
 * @example
 * ```ts
 * createMachine({ on: { total: { actions: reply(({ context }) => context.total) } } });
 * ```
 */
export function reply<C extends MachineContext, E extends EventObject>(
  value: (args: { context: C; event: E }) => unknown,
): MachineAction;
/**
 * Action that answers the ask whose event is being handled, with plain data.
 *
 * @example
 * ```ts
 * createMachine({ on: { press: { actions: reply('click') } } });
 * ```
 */
export function reply(value: unknown): MachineAction;
export function reply(value: unknown): MachineAction {
  return (args) => {
    runningIn(args).reply = { value: resolved(value, args) };
  };
}

/**
 * Action that tells another actor, as `ctx.tell` does; the id and the message may be functions of the context and the event. Of a durable actor the message
 * leaves with the commit. INVALID_ACTOR_ID and INVALID_MESSAGE are the failure of the turn.
 *
 * @example
 * ```ts
 * createMachine({ on: { pay: { actions: tell('ledger/main', ({ context }) => ({ type: 'note', amount: context.paid })) } } });
 * ```
 */
export function tell<C extends MachineContext, E extends EventObject>(
  to: Resolvable<C, E, ActorId>,
  message: Resolvable<C, E, AnyMessage>,
): MachineAction {
  return (args) => {
    runningIn(args).ctx.tell(resolved(to, args) as ActorId, resolved(message, args) as AnyMessage);
  };
}

/**
 * Action that publishes to a topic of 1 to 512 characters, as `ctx.publish` does; both may be functions of the context and the event. Of a durable
 * actor the message leaves after the commit. INVALID_OPTIONS and INVALID_MESSAGE are the failure of the turn.
 *
 * @example
 * ```ts
 * createMachine({ entry: publish('orders', ({ context }) => ({ type: 'expired', order: context.key })) });
 * ```
 */
export function publish<C extends MachineContext, E extends EventObject>(
  topic: Resolvable<C, E, string>,
  message: Resolvable<C, E, AnyMessage>,
): MachineAction {
  return (args) => {
    runningIn(args).ctx.publish(resolved(topic, args) as string, resolved(message, args) as AnyMessage);
  };
}

/** The same three by name, for machines that say `{ type: 'tell', params: { to, message } }`; the machine's own win. */
function provideActions(logic: MachineLogic): MachineLogic {
  const machine = logic as Partial<AnyStateMachine>;
  if (typeof machine.provide !== 'function') return logic;
  const own = machine.implementations?.actions ?? {};
  const byName: Record<string, MachineAction> = {
    tell: (args, params) => runningIn(args).ctx.tell(params.to, params.message),
    publish: (args, params) => runningIn(args).ctx.publish(params.topic, params.message),
    reply: (args, params) => {
      runningIn(args).reply = { value: params };
    },
  };
  return machine.provide({ actions: { ...byName, ...own } }) as MachineLogic;
}
