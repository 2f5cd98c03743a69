/**
 * Looks at a system of several machines: those at one actor go to the machine that hosts it, those at all are asked of each machine, and put
 * together here. A machine that gives no answer is named. Also: what a machine answers to such calls of others.
 */
import { checkList, type MachineLists, mergeLists } from '../inspection/list-actors.ts';
import type { ActorList, ListOptions, ListQuery } from '../observe/actor-list.ts';
import type { PastTurn } from '../observe/turn-history.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Clock } from '../vocabulary/clock.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import { MACHINE_INDEX_MIN, machineIndexOf } from '../vocabulary/host-index.ts';
import type { ForeignMachine } from '../wire/control.ts';
import type { CallArgument } from '../wire/entry.ts';

/** Milliseconds for the answer of another machine: somewhat more than that has for its own processes. */
export const LOOK_MS = 2_000;
export const LIST_MS = 6_000;
/** Milliseconds between two looks for an actor whose machine has just changed, and how many there are. */
const LOOK_AGAIN_MS = 50;
const LOOKS_MAX = 40;

/** The other machines, as a process sees them. */
export interface MachineCalling {
  others(): readonly ForeignMachine[];
  /** Rejects ACTOR_UNAVAILABLE where it gives no answer in time. */
  call(machine: ForeignMachine, name: string, args: readonly CallArgument[], withinMs: number): Promise<unknown>;
}

export interface LookingAround {
  readonly clock: Clock;
  readonly cluster: MachinesAround;
}

/** The machines, and which of them hosts an actor. */
export interface MachinesAround {
  readonly beyond?: MachineCalling | undefined;
  hostOf(id: ActorId): number | undefined;
}

/** The looks of a system at its own machine alone. */
export interface OneMachine {
  inspectHere(id: ActorId): Promise<unknown>;
  machineHere(id: ActorId): Promise<unknown>;
  historyHere(id: ActorId, last: number): Promise<PastTurn[]>;
  listsHere(queries: readonly ListQuery[]): Promise<MachineLists>;
}

interface MachineCall {
  readonly name: string;
  readonly args: readonly CallArgument[];
}

/** Asked of the machine that hosts the actor; again where it is not the host any more. */
export async function onMachineOf<T>(
  { clock, cluster }: LookingAround,
  id: ActorId,
  { name, args }: MachineCall,
  here: () => Promise<T>,
): Promise<T> {
  for (let look = 1; ; look++) {
    const machine = machineOf(cluster, id);
    try {
      if (machine === undefined || cluster.beyond === undefined) return await here();
      return (await cluster.beyond.call(machine, name, args, LOOK_MS)) as T;
    } catch (error) {
      const isElsewhere = (error as TroupeError).code === 'NO_WORKER' && cluster.beyond !== undefined;
      if (!isElsewhere || look >= LOOKS_MAX) throw error;
    }
    await new Promise<void>((resolve) => clock.setTimer(LOOK_AGAIN_MS, resolve));
  }
}

/** The answers of this machine, and of the others that give one. Rejects where the machine of the actor gives none. */
export async function ofAllMachines<T>(
  { cluster }: LookingAround,
  id: ActorId,
  { name, args }: MachineCall,
  here: () => Promise<T>,
): Promise<T[]> {
  const { beyond } = cluster;
  const host = machineOf(cluster, id);
  const answers = (beyond?.others() ?? []).map((machine) =>
    (beyond as MachineCalling).call(machine, name, args, LOOK_MS).then(
      (answer) => [answer as T],
      (error: TroupeError) => {
        if (machine.index === host?.index) throw error;
        return [];
      },
    ),
  );
  return (await Promise.all([here().then((answer) => [answer]), ...answers])).flat();
}

export function lastTurns(parts: readonly PastTurn[][], last: number): PastTurn[] {
  return parts
    .flat()
    .sort((one, other) => one.at - other.at)
    .slice(-last);
}

/** A list for each query, of all machines. */
export async function listsOfAll(
  { cluster: { beyond } }: LookingAround,
  options: readonly ListOptions[],
  queries: readonly ListQuery[],
  here: () => Promise<MachineLists>,
): Promise<ActorList[]> {
  if (beyond === undefined) return mergeLists(await here(), [], queries);
  const text = JSON.stringify(options);
  const others = beyond.others().map((machine) =>
    beyond.call(machine, 'lists', [text], LIST_MS).then(
      (answer) => answer as MachineLists,
      // It may be gone by now, or be of an older build: its actors are missing either way.
      () => ({ machine: machine.machine, parts: undefined, silent: [] }),
    ),
  );
  const [own, ...rest] = await Promise.all([here(), ...others]);
  return mergeLists(own as MachineLists, rest, queries);
}

/** Throws NO_WORKER. */
export function checkIsHere(cluster: MachinesAround, id: ActorId): void {
  const host = cluster.hostOf(id);
  if (host === undefined || host < MACHINE_INDEX_MIN) return;
  throw new TroupeError('NO_WORKER', `${id} is on another machine now`);
}

export function machineOf(cluster: MachinesAround, id: ActorId): ForeignMachine | undefined {
  const host = cluster.hostOf(id);
  return cluster.beyond?.others().find(({ index }) => host !== undefined && index === machineIndexOf(host));
}

/** The answer of this machine to a call of another. Rejects INVALID_OPTIONS for one that it does not know. */
export async function answerMachine(
  system: OneMachine,
  name: string,
  [first, second]: readonly CallArgument[],
): Promise<unknown> {
  const text = typeof first === 'string' ? first : '';
  switch (name) {
    case 'inspect':
      return system.inspectHere(text);
    case 'machine':
      return system.machineHere(text);
    case 'history':
      return system.historyHere(text, typeof second === 'number' ? second : 0);
    case 'lists':
      return system.listsHere((JSON.parse(text) as ListOptions[]).map(checkList));
    default:
      throw new TroupeError('INVALID_OPTIONS', `expected a call that this machine knows; got '${name}'`);
  }
}
