/**
 * The transfer of an actor that moves to another process: the incarnation goes on there as if nothing had happened.
 * No hook is called and nobody is told; only `ctx.fence` is a new one.
 */
import type { RestartType } from '../supervision/supervision-options.ts';
import { RestartIntensity } from '../supervision/restart-intensity.ts';
import { Ring } from '../structures/ring.ts';
import { type ActorId, kindOf } from '../vocabulary/address.ts';
import type { Envelope } from '../vocabulary/envelope.ts';
import { readError } from '../vocabulary/error-reading.ts';
import { asError, TroupeError } from '../vocabulary/errors.ts';
import type { ExitReason } from '../vocabulary/exit-reason.ts';
import { copyPlain } from '../plain-data/plain-copy.ts';
import { inspectPlain } from '../plain-data/plain-data.ts';
import type { WatchName } from '../vocabulary/signal.ts';
import type { Behaviour } from './behaviour.ts';
import type { Cell } from './cell.ts';
import { Children } from './children.ts';
import { callAs, dropTimers } from './closing.ts';
import type { DurableSide } from './durable-side.ts';
import { failCell, startAfterBackoff, startCell } from './lifecycle.ts';
import type { LocalActors } from './local-actors.ts';
import { hostMachine } from './xstate-actor.ts';
import { MessageTimer, type TimerRecord } from './message-timer.ts';
import type { PassivatedActor } from './passivation.ts';

/** The watches of an actor. */
export type WatchRecord = [target: ActorId, watch: WatchName];

/** All that is kept under one id; its mail goes beside it. */
export interface TransferredActor {
  id: ActorId;
  /** Undefined: it is not in memory. */
  incarnation: TransferredIncarnation | undefined;
  passivated: { args: unknown; spawned: boolean; watching: WatchRecord[] } | undefined;
  /** On `Clock.now()`: it has failed, and is not activated before. */
  failedUntil: number | undefined;
  watchers: WatchName[];
  topics: string[];
}

export interface TransferredIncarnation {
  state: unknown;
  args: unknown;
  spawned: boolean;
  child: { parent: ActorId; restart: RestartType; shutdownMs: number } | undefined;
  restarts: number;
  restartTimes: number[];
  /** It waits for its backoff after this error; there is no state then. */
  pausedBy: { name: string; message: string } | undefined;
  /** A pause holds its start; there is no state then. */
  isStartHeld?: boolean;
  lastActiveAt: number;
  /** Of the table in which it came to life. */
  epoch: number;
  timers: TimerRecord[];
  watching: WatchRecord[];
  terminated: { id: ActorId; reason: ExitReason }[];
}

/** The state as it is to travel. Throws what the packing of a machine throws. */
export function stateOf(cell: Cell): unknown {
  // The state of a durable actor stands in its record.
  if (cell.extras.pausedBy || cell.extras.isStartHeld || cell.durable) return undefined;
  return cell.behaviour.pack ? cell.behaviour.pack(cell.context) : cell.context.state;
}

/** Throws INVALID_MESSAGE for a timer whose message could not go along: in its own process it may hold anything. */
export function checkTransferable({ id, extras }: Cell): void {
  for (const timer of extras.timers ?? []) {
    if (!(timer instanceof MessageTimer)) continue;
    const { message } = timer.record;
    const { fault } = inspectPlain(message);
    if (fault) {
      const text = `a timer of ${id} has a message of plain data; got ${fault.got} at ${fault.path.slice('message'.length)}`;
      throw new TroupeError('INVALID_MESSAGE', text);
    }
    copyPlain(message);
  }
}

/** All but the mail, of an actor that is quiescent or not in memory. `state`: of `stateOf`, in whatever form it travels. */
export function packActor(actors: LocalActors, id: ActorId, state: unknown): TransferredActor {
  const cell = actors.cellOf(id);
  const passivated = actors.passivated.get(id);
  return {
    id,
    incarnation: cell && packIncarnation(cell, state),
    passivated: passivated && packPassivated(passivated),
    failedUntil: actors.failed.untilOf(id),
    watchers: actors.watchers.of(id),
    topics: actors.kernel.topics.topicsOf(id),
  };
}

function packPassivated({ origin, watching }: PassivatedActor): NonNullable<TransferredActor['passivated']> {
  return { args: origin?.args, spawned: origin !== undefined, watching: [...(watching ?? [])] };
}

function packIncarnation(cell: Cell, state: unknown): TransferredIncarnation {
  const { origin, extras } = cell;
  const { pausedBy, timers, terminated, watching, intensity } = extras;
  const child = origin.parent?.extras.children?.termsOf(cell.id);
  const records = [...(timers ?? [])].flatMap((timer) => (timer instanceof MessageTimer ? [timer.record] : []));
  return {
    state,
    args: origin.args,
    spawned: origin.spawned,
    child: origin.parent && child && { parent: origin.parent.id, ...child },
    restarts: cell.restarts,
    restartTimes: intensity?.times ?? [],
    pausedBy: pausedBy && textsOf(pausedBy),
    ...(extras.isStartHeld && { isStartHeld: true }),
    lastActiveAt: cell.lastActiveAt,
    epoch: cell.epoch,
    timers: records,
    watching: [...(watching ?? [])],
    terminated: [...(terminated ?? [])],
  };
}

function textsOf(error: Error): { name: string; message: string } {
  const { name, message } = readError(error);
  return { name, message };
}

/** The actor and, behind it, its children and theirs, in order of start. */
export function subtreeOf(cell: Cell): Cell[] {
  return [cell, ...(cell.extras.children?.cells ?? []).flatMap(subtreeOf)];
}

/** It goes on elsewhere: nothing of it is left here, and nobody is told. */
export function evict(actors: LocalActors, id: ActorId): void {
  const cell = actors.cellOf(id);
  if (cell) evictCell(actors, cell);
  const passivated = actors.passivated.take(id);
  for (const [target, watch] of passivated?.watching ?? []) actors.watching.removeActor(target, watch);
  actors.failed.forget(id);
  actors.watchers.take(id);
  actors.kernel.topics.leaveAll(id);
}

function evictCell(actors: LocalActors, cell: Cell): void {
  cell.phase++;
  cell.transition('ended');
  cell.own.quiescing = undefined;
  dropTimers(cell);
  cell.durable?.close();
  try {
    cell.behaviour.end?.(cell.context);
  } catch (error) {
    cell.kernel.log.error({ actor: cell.id, err: asError(error) }, 'a machine threw as it was stopped');
  }
  for (const reply of cell.extras.startReplies ?? []) reply.resolve(undefined);
  for (const [target, watch] of cell.extras.watching ?? []) actors.watching.removeActor(target, watch);
  cell.mailbox.takeAll();
  cell.mailbox.takeAside();
  actors.forget(cell);
}

/** It goes on here. Parents come before their children. */
export function install(actors: LocalActors, transfer: TransferredActor, from: ActorId): void {
  const { id, incarnation, passivated, failedUntil, watchers, topics } = transfer;
  for (const watch of watchers) actors.watchers.add(id, watch);
  for (const topic of topics) void actors.kernel.topics.join(topic, id);
  if (failedUntil !== undefined) actors.failed.add(id, failedUntil);
  if (passivated) installPassivated(actors, id, passivated, from);
  const behaviour = actors.kernel.behaviours.get(kindOf(id));
  if (incarnation && behaviour) installCell(actors, id, behaviour, incarnation, from);
}

function installPassivated(
  actors: LocalActors,
  id: ActorId,
  { args, spawned, watching }: NonNullable<TransferredActor['passivated']>,
  from: ActorId,
): void {
  for (const [target, watch] of watching) actors.watching.addActor(target, watch, from);
  actors.passivated.put(id, {
    origin: spawned ? { args, spawned, parent: undefined } : undefined,
    watching: watching.length > 0 ? new Map(watching) : undefined,
  });
  if (spawned) actors.observer?.spawned(id, args);
}

function installCell(
  actors: LocalActors,
  id: ActorId,
  behaviour: Behaviour,
  transfer: TransferredIncarnation,
  from: ActorId,
): void {
  const { args, spawned, child, restartTimes, watching, terminated, pausedBy } = transfer;
  const parent = child && actors.cellOf(child.parent);
  const cell = actors.createCell(id, behaviour, { args, spawned, parent }, transfer.lastActiveAt);
  if (parent) {
    const own = parent.own;
    const children = (own.children ??= new Children(parent)) as Children;
    children.add(cell, child.restart, child.shutdownMs);
  }
  const own = cell.own;
  cell.restarts = transfer.restarts;
  cell.begins(actors.kernel.clock.now());
  cell.activeAt(transfer.lastActiveAt);
  cell.epoch = transfer.epoch;
  if (restartTimes.length > 0) {
    const { intensity, periodMs } = behaviour.policy;
    own.intensity = new RestartIntensity(intensity, periodMs, restartTimes);
  }
  if (watching.length > 0) own.watching = new Map(watching);
  for (const [target, watch] of watching) actors.watching.addActor(target, watch, from);
  if (terminated.length > 0) {
    own.terminated = new Ring();
    own.terminated.unshiftAll(terminated);
  }
  if (pausedBy) {
    cell.transition('pausing');
    startAfterBackoff(cell, Object.assign(new Error(pausedBy.message), { name: pausedBy.name }));
  } else if (transfer.isStartHeld) {
    startCell(cell);
  } else {
    goOn(cell, transfer);
  }
}

function goOn(cell: Cell, { state, timers }: TransferredIncarnation): void {
  const { behaviour, context, durable } = cell;
  if (durable) return goOnFromRecord(cell, durable, timers);
  cell.begun = true;
  cell.transition('ready');
  try {
    if (behaviour.unpack) {
      hostMachine(context, cell);
      callAs(cell, () => behaviour.unpack?.(context, state));
    } else {
      context.state = state;
    }
  } catch (error) {
    return failCell(cell, asError(error));
  }
  for (const record of timers) new MessageTimer(cell, record);
  cell.wake();
}

/** As after a passivation, but no hook is called: its incarnation goes on. */
function goOnFromRecord(cell: Cell, durable: DurableSide, timers: readonly TimerRecord[]): void {
  const { phase } = cell;
  hostMachine(cell.context, cell);
  const failed = (error: unknown): void => {
    if (cell.phase === phase) failCell(cell, asError(error));
  };
  const loaded = (isKnown: boolean): void => {
    if (cell.phase !== phase) return;
    // It moved before its first commit.
    if (!isKnown) return startCell(cell);
    try {
      callAs(cell, () => durable.restore());
    } catch (error) {
      return failed(error);
    }
    cell.begun = true;
    cell.transition('ready');
    for (const record of timers) new MessageTimer(cell, record);
    cell.wake();
  };
  durable.load(true).then(loaded, failed);
}

/** The mail that a cell has: what waits, and what was put aside. */
export function mailOf(cell: Cell): { mail: Envelope[]; stash: Envelope[] } {
  const { mailbox } = cell;
  return { mail: [...mailbox.mail()].filter(({ verb }) => verb !== 'run'), stash: [...mailbox.aside()] };
}
