/**
 * Moves of actors to other machines. The owner of an actor's partition is asked for it, and asked again until the actor is there: whoever owns it
 * by then. Nothing is left behind by one who has asked, or was asked, and dies.
 */
import { type ActorId, kindOf } from '../vocabulary/address.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import { inspect } from '../plain-data/inspect.ts';
import { TO_WORKER, WANT } from '../machine-routes/changing-calls.ts';
import type { MachineInfo, WantAnswer } from '../observe/machine-info.ts';
import type { MasterRequest } from '../wire/control.ts';
import type { CallArgument } from '../wire/entry.ts';
import { checkIndex } from './call-checks.ts';
import { type LookingAround, machineOf, type MachinesAround } from './machine-looks.ts';
import type { ProcessIdentity } from './process-identity.ts';

/** Milliseconds for an actor to be on the other machine. */
export const MACHINE_MOVE_MS = 15_000;
/** Milliseconds for the answer of a machine, longer than it takes to say that it is not done yet. */
const ANSWER_MS = 2_500;
/** Milliseconds between two questions about an actor whose machine has just changed. */
const AGAIN_MS = 50;

/** Asks a machine whether an actor could be moved to a worker of it. */
const MAY_MOVE = 'may-move-to-worker';

/** Where an actor is to move to. */
export interface MachineTarget {
  /** An id of `system.machines()`. */
  machine: string;
  /** Index of a worker there. Default: where its placement puts it. */
  worker?: number | undefined;
}

interface MovingAround extends LookingAround {
  readonly cluster: MachinesAround & {
    readonly self: ProcessIdentity;
    machines(): MachineInfo[];
    request(what: MasterRequest): Promise<unknown>;
  };
}

/** Rejects INVALID_OPTIONS, NO_WORKER and ACTOR_UNAVAILABLE. */
export async function moveActor(around: MovingAround, id: ActorId, target: number | MachineTarget): Promise<void> {
  const { cluster } = around;
  if (typeof target !== 'object' || target === null) {
    await cluster.request({ kind: 'move', id, worker: checkIndex(target) });
    return;
  }
  const { machine, worker } = checkTarget(target);
  checkMachine(cluster, machine);
  if (worker !== undefined) await atMachine(around, machine, MAY_MOVE, [id, worker]);
  await bring(around, id, machine);
  if (worker !== undefined) await bringToWorker(around, id, machine, worker);
}

function checkTarget(target: MachineTarget): MachineTarget {
  const { machine, worker, ...rest } = target;
  if (typeof machine !== 'string' || Object.keys(rest).length > 0)
    throw new TroupeError(
      'INVALID_OPTIONS',
      `move: expected the index of a worker, or { machine, worker? } with the id of a machine; got ${inspect(target)}`,
    );
  return { machine, worker: worker === undefined ? undefined : checkIndex(worker) };
}

/** Throws NO_WORKER. A worker may run before its machine has joined. */
function checkMachine(cluster: MovingAround['cluster'], machine: string): void {
  if (cluster.beyond === undefined)
    throw new TroupeError('INVALID_OPTIONS', 'move: expected a machine of a cluster; got a system without that option');
  const all = cluster.machines();
  const named = all.find(({ id }) => id === machine);
  if (named?.state === 'live') return;
  const known = all.flatMap(({ id, state }) => (state === 'live' ? [id] : []));
  const what = named === undefined ? 'is not there' : `is ${named.state}`;
  const others =
    known.length > 0 ? `those that are live: ${known.join(', ')}` : 'this one has not joined its cluster yet';
  throw new TroupeError('NO_WORKER', `the machine ${inspect(machine)} ${what}; ${others}`);
}

async function bring(around: MovingAround, id: ActorId, machine: string): Promise<void> {
  const { clock, cluster } = around;
  for (const until = clock.now() + MACHINE_MOVE_MS; clock.now() < until; ) {
    const owner = machineOf(cluster, id);
    const asked: Promise<unknown> =
      owner === undefined || cluster.beyond === undefined
        ? cluster.request({ kind: 'want', id, machine })
        : cluster.beyond.call(owner, WANT, [id, machine], ANSWER_MS);
    const answer = (await asked.catch(unlessGone)) as WantAnswer;
    if (answer === 'there') return;
    if (answer === 'overtaken') throw unavailable(id, machine, 'another move of it, or of its partition, has begun');
    checkMachine(cluster, machine);
    if (answer === 'elsewhere') await new Promise<void>((resolve) => clock.setTimer(AGAIN_MS, resolve));
  }
  throw unavailable(id, machine, `it is not there after ${MACHINE_MOVE_MS} ms: a turn may not have ended in time`);
}

/** Where a machine gives no answer another may own the actor by now. */
function unlessGone(error: TroupeError): WantAnswer {
  if (error.code === 'ACTOR_UNAVAILABLE') return 'elsewhere';
  throw error;
}

/** The machine may not have read the table yet that gives it the actor. */
async function bringToWorker(around: MovingAround, id: ActorId, machine: string, worker: number): Promise<void> {
  const { clock } = around;
  for (const until = clock.now() + MACHINE_MOVE_MS; ; ) {
    try {
      await atMachine(around, machine, TO_WORKER, [id, worker]);
      return;
    } catch (error) {
      if ((error as TroupeError).code !== 'NO_WORKER' || clock.now() >= until) throw error;
    }
    await atMachine(around, machine, MAY_MOVE, [id, worker]);
    await new Promise<void>((resolve) => clock.setTimer(AGAIN_MS, resolve));
  }
}

async function atMachine(
  { cluster }: MovingAround,
  machine: string,
  name: string,
  args: readonly CallArgument[],
): Promise<unknown> {
  if (cluster.self.machine === machine) return answerMove((what) => cluster.request(what), name, args);
  const other = cluster.beyond?.others().find((one) => one.machine === machine);
  if (other === undefined || cluster.beyond === undefined)
    throw new TroupeError('ACTOR_UNAVAILABLE', `the machine ${machine} is not known here yet, or is gone`);
  return cluster.beyond.call(other, name, args, MACHINE_MOVE_MS);
}

function unavailable(id: ActorId, machine: string, got: string): TroupeError {
  const text = `${id} was to move to ${machine}; ${got}`;
  return new TroupeError('ACTOR_UNAVAILABLE', text, { fate: 'unknown' });
}

/** The answer of this machine to a call of another; undefined: it is about no move. */
export function answerMove(
  request: (what: MasterRequest) => Promise<unknown>,
  name: string,
  [first, second]: readonly CallArgument[],
): Promise<unknown> | undefined {
  if (name !== WANT && name !== TO_WORKER && name !== MAY_MOVE) return undefined;
  const id = typeof first === 'string' ? first : '';
  // Throws INVALID_ACTOR_ID: it comes from another machine.
  kindOf(id);
  if (name === WANT) return request({ kind: 'want', id, machine: String(second) });
  return request({ kind: 'move', id, worker: checkIndex(second), ...(name === MAY_MOVE && { isTrial: true }) });
}
