/**
 * Actors that are started with arguments, a generated key or a parent: `spawn`, for top-level actors and children.
 */
import { isDeepStrictEqual } from 'node:util';
import { type ActorId, actorId, kindOf } from '../vocabulary/address.ts';
import type { ReplyTo } from '../vocabulary/envelope.ts';
import { asError, TroupeError, wordsOf } from '../vocabulary/errors.ts';
import { copyPlain } from '../plain-data/plain-copy.ts';
import { didYouMean, listed } from '../vocabulary/names.ts';
import { inspectPlain } from '../plain-data/plain-data.ts';
import { inspect } from '../plain-data/inspect.ts';
import type { RestartType } from '../supervision/supervision-options.ts';
import type { Behaviour } from './behaviour.ts';
import type { Cell, CellHost, CellOrigin } from './cell.ts';
import { Children, CHILDREN_MAX } from './children.ts';
import type { Context, CommonSpawnOptions } from './context.ts';
import type { Kernel } from './kernel.ts';
import { endCell, startCell } from './lifecycle.ts';
import { LocalReply } from './local-reply.ts';
import { waitForStart } from './local-wait.ts';

/** Keys tried for one that is on the right machine; one of a thousand is. */
const KEYS_MAX = 100_000;

/** The id to spawn under; throws for a kind that is not known. `isAnywhere`: it lives wherever its id does. */
export function spawnId(
  kernel: Kernel,
  kind: string,
  { key }: CommonSpawnOptions,
  { parent, isAnywhere = false }: { parent?: ActorId; isAnywhere?: boolean } = {},
): ActorId {
  if (!kernel.kinds().includes(kind)) throw unknownKind(kernel.kinds(), kind);
  if (key !== undefined) return actorId(kind, key);
  const { claims } = kernel;
  for (let tries = 1; ; tries++) {
    const id = actorId(kind, kernel.newKey());
    if (isAnywhere || tries === KEYS_MAX || claims?.fits?.(id, parent) !== false) return id;
  }
}

function unknownKind(kinds: Iterable<string>, kind: unknown): TroupeError {
  const known = [...kinds];
  const text = `spawn() takes one of the kinds ${listed(known)}; got ${inspect(kind)}${didYouMean(kind, known)}`;
  return new TroupeError('UNKNOWN_KIND', text);
}

/** A copy of the arguments, taken before anything is opened or given a place. Throws for what is no plain data. */
export function spawnArgs({ args }: CommonSpawnOptions): unknown {
  const report = inspectPlain(args);
  const { fault } = report;
  if (fault) throw notPlain(`${fault.got} at ${fault.path.replace(/^message/, 'args')}`);
  try {
    return copyPlain(args, report);
  } catch (error) {
    // It looked plain: bytes that were given away, or a getter that gave something else the second time.
    throw notPlain(wordsOf(asError(error)));
  }
}

function notPlain(got: string): TroupeError {
  return new TroupeError('INVALID_MESSAGE', `the args of a spawn are plain data; got ${got}`);
}

/** Starts a top-level actor here, or answers for the one that runs already. */
export function spawnHere(host: CellHost, behaviour: Behaviour, id: ActorId, args: unknown, reply: ReplyTo): void {
  const cell = host.cellOf(id);
  if (cell) return answerForRunning(host, cell, args, reply);
  const fresh = host.createCell(id, behaviour, originOf(args, undefined));
  fresh.own.startReplies = [reply];
  startCell(fresh);
}

/** Its own copy of the arguments: restarts get what was given, whatever has become of it since. */
function originOf(args: unknown, parent: Cell | undefined): CellOrigin {
  return { args: copyPlain(args), spawned: true, parent };
}

function answerForRunning(host: CellHost, cell: Cell, args: unknown, reply: ReplyTo): void {
  if (cell.status === 'stopping') {
    const again = (): void => spawnHere(host, cell.behaviour, cell.id, args, reply);
    (cell.own.endReplies ??= []).push(new LocalReply(again, again));
    return;
  }
  if (cell.origin.parent || !isDeepStrictEqual(cell.origin.args, args)) return reply.reject(alreadyExists(cell.id));
  if (!cell.origin.spawned) {
    cell.origin = originOf(args, undefined);
    host.becameSpawned(cell);
  }
  if (cell.status === 'starting' || cell.status === 'pausing') (cell.own.startReplies ??= []).push(reply);
  else reply.resolve(undefined);
}

function alreadyExists(id: ActorId): TroupeError {
  return new TroupeError(
    'ALREADY_EXISTS',
    `${id} is already running with other args, or elsewhere; it cannot be spawned`,
    { fate: 'not-executed' },
  );
}

/** Starts a child of `parent` in this process; resolves to its id once it has started, or at once where the parent is durable. */
export async function spawnChild(
  parent: Cell,
  kind: string,
  options: CommonSpawnOptions,
  restart: RestartType,
  shutdownMs: number,
): Promise<ActorId> {
  const { kernel, host, context } = parent;
  const id = spawnId(kernel, kind, options, { parent: parent.id });
  // A child lives here, with the code that is here.
  if (!kernel.behaviours.has(kind)) throw unknownKind(kernel.behaviours.keys(), kind);
  const args = spawnArgs(options);
  checkAlive(parent, context);
  if ((parent.extras.children?.size ?? 0) >= CHILDREN_MAX) {
    throw new TroupeError(
      'OVERLOADED',
      `${parent.id} has ${CHILDREN_MAX} children, which is the limit; one more rejected`,
    );
  }
  await waitForStart(parent, id, async () => {
    await ended(host.cellOf(id));
    if (!host.cellOf(id)) await kernel.claims?.claim(id, kind, options.key === undefined);
    checkAlive(parent, context);
    const running = host.cellOf(id);
    if (running) return sameChild(parent, running, args);
    // Another claim may have taken the place between the answer and this step.
    if (kernel.claims?.isHostOf(id) === false) throw alreadyExists(id);
    const child = newChild(parent, id, args, restart, shutdownMs);
    if (parent.durable) startWithTurn(parent, child);
    else await start(child);
  });
  return id;
}

/** Only an incarnation that is not about to end has children; those of one that ends are ended already. */
function checkAlive(parent: Cell, context: Context<unknown>): void {
  const { status } = parent;
  if (parent.context === context && (status === 'starting' || status === 'ready' || status === 'busy')) return;
  throw new TroupeError('ACTOR_STOPPED', `${parent.id} has ended; it cannot spawn children`);
}

async function ended(cell: Cell | undefined): Promise<void> {
  if (cell?.status !== 'stopping') return;
  await new Promise<void>((resolve) => {
    (cell.own.endReplies ??= []).push(new LocalReply(resolve, () => resolve()));
  });
}

async function sameChild(parent: Cell, running: Cell, args: unknown): Promise<void> {
  const { origin, status } = running;
  if (origin.parent !== parent || !isDeepStrictEqual(origin.args, args)) throw alreadyExists(running.id);
  if (!parent.durable && (status === 'starting' || status === 'pausing')) await started(running);
}

/** It takes mail, and is not started yet. */
function newChild(parent: Cell, id: ActorId, args: unknown, restart: RestartType, shutdownMs: number): Cell {
  const behaviour = parent.kernel.behaviours.get(kindOf(id)) as Behaviour;
  const child = parent.host.createCell(id, behaviour, originOf(args, parent));
  const own = parent.own;
  const children = (own.children ??= new Children(parent)) as Children;
  children.add(child, restart, shutdownMs);
  return child;
}

function start(cell: Cell): Promise<void> {
  const start = started(cell);
  startCell(cell);
  return start;
}

/** A durable parent waits for no start: it comes after the commit of the turn that spawns. */
function startWithTurn(parent: Cell, child: Cell): void {
  let isBegun = false;
  parent.durable?.deferUntilCommit({
    id: child.id,
    go: () => {
      if (!isBegun && child.status === 'starting') startCell(child);
      isBegun = true;
    },
    takeBack: () => {
      parent.extras.children?.forget(child);
      endCell(child, { reason: 'killed', mail: 'ACTOR_STOPPED' });
    },
  });
}

function started(cell: Cell): Promise<void> {
  return new Promise((resolve, reject) => {
    (cell.own.startReplies ??= []).push(new LocalReply(resolve, reject));
  });
}
