/**
 * Inspections of one process: it answers those of its own actors, and asks the process that hosts an actor for the others. The table
 * that says who that is may be a moment old: an answer of one that is not the host is asked for again.
 */
import type { LocalActors } from '../actor/local-actors.ts';
import type { ActorInspection } from '../observe/actor-inspection.ts';
import type { MachineShape } from '../observe/xstate-shape.ts';
import type { PastTurn } from '../observe/turn-history.ts';
import type { ListsAnswer } from '../observe/actor-list.ts';
import type { Store } from '../store/store.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Clock } from '../vocabulary/clock.ts';
import type { Look } from '../wire/process-query.ts';
import { asError, type ErrorData, errorFromData, errorToData, TroupeError } from '../vocabulary/errors.ts';
import type { Checkup } from '../observe/checkup.ts';
import type { LettersOfProcess } from '../observe/kept-letter.ts';
import type { FlowAnswer } from '../observe/message-flow.ts';
import { checkupOf } from './process-checkup.ts';
import { inspectAbsent } from './inspect-absent.ts';
import { keptLettersOf } from './kept-letters.ts';
import { listCells } from './list-cells.ts';
import { inspectCell } from './inspect-cell.ts';

/** Milliseconds between two questions after an actor that moves, and how many there are. */
const LOOK_AGAIN_MS = 20;
const LOOKS_MAX = 50;

export interface InspectedProcess {
  readonly actors: LocalActors;
  readonly store: Store | undefined;
  /** Whether the table says that the actor lives here. */
  isHostOf(id: ActorId): boolean;
}

/** The answer of a process; undefined there: it is not the host. */
export interface InspectAnswer {
  found?: ActorInspection | undefined;
  error?: ErrorData;
}

/** The answer of a process to a look at its actors; never rejects. */
export function answerLook(
  process: InspectedProcess,
  what: Look,
): Promise<
  InspectAnswer | ListsAnswer | PastTurn[] | Checkup | FlowAnswer | LettersOfProcess | MachineShape | undefined
> {
  const { kernel } = process.actors;
  if ('checkup' in what) return checkupOf(process.actors);
  if ('flow' in what) return flowOf(process.actors);
  if ('letters' in what) return Promise.resolve(keptLettersOf(kernel));
  if ('lists' in what) return listCells(process.actors, what.lists);
  if ('inspect' in what) return answerInspection(process, what.inspect);
  if ('machine' in what) return Promise.resolve(kernel.behaviours.get(what.machine)?.drawing?.());
  return Promise.resolve(kernel.history?.of(what.history, what.last) ?? []);
}

async function flowOf({ kernel: { worker, timing } }: LocalActors): Promise<FlowAnswer> {
  return { worker, pairs: (await timing?.lookAtFlow()) ?? [] };
}

async function answerInspection({ actors, store, isHostOf }: InspectedProcess, id: ActorId): Promise<InspectAnswer> {
  const { kernel, watchers } = actors;
  const cell = actors.cellOf(id);
  try {
    if (cell) return { found: inspectCell(cell, { watchers: watchers.of(id), topics: kernel.topics.topicsOf(id) }) };
    return { found: isHostOf(id) ? await inspectAbsent(actors, store, id) : undefined };
  } catch (error) {
    const fault = asError(error);
    const known =
      fault instanceof TroupeError ? fault : new TroupeError('STORE_FAILED', fault.message, { cause: fault });
    return { error: errorToData(known) };
  }
}

/** The processes that are asked. */
export interface Hosts {
  /** Undefined: not known here, so that all are asked; below 0: there is none. */
  hostOf(id: ActorId): number | undefined;
  /** The answers of one process, or of all; none of one that does not answer in time. */
  ask(id: ActorId, worker: number | undefined): Promise<InspectAnswer[]>;
  /** Of one that has no place yet. */
  absent(id: ActorId): Promise<ActorInspection>;
}

/** Rejects ACTOR_UNAVAILABLE, NO_WORKER, STORE_FAILED. */
export async function inspectActor(clock: Clock, hosts: Hosts, id: ActorId): Promise<ActorInspection> {
  for (let look = 0; look < LOOKS_MAX; look++) {
    if (look > 0) await new Promise<void>((resolve) => clock.setTimer(LOOK_AGAIN_MS, resolve));
    const worker = hosts.hostOf(id);
    if (worker !== undefined && worker < 0)
      throw new TroupeError('NO_WORKER', `no worker hosts ${id} now; the inspection is rejected`);
    const answers = await hosts.ask(id, worker);
    if (answers.length === 0 && worker !== undefined) throw silent(id, worker);
    for (const { error } of answers) if (error) throw errorFromData(error);
    const found = answers.flatMap((answer) => answer.found ?? []);
    const best = found.find(({ inMemorySince }) => inMemorySince !== undefined) ?? found[0];
    if (best) return best;
    if (worker === undefined) return { ...(await hosts.absent(id)), worker: undefined, pid: undefined };
  }
  throw new TroupeError('ACTOR_UNAVAILABLE', `${id} was on the move for too long; the inspection is rejected`);
}

function silent(id: ActorId, worker: number): TroupeError {
  const text = `worker ${worker}, where ${id} lives, does not answer: its event loop is blocked, or it is ending`;
  return new TroupeError('ACTOR_UNAVAILABLE', text);
}
