/** An actor that is not in memory, as it is shown: from its record, without waking it. */
import type { Behaviour } from '../actor/behaviour.ts';
import type { LocalActors } from '../actor/local-actors.ts';
import { readRecord } from '../commit/record.ts';
import { viewOfStored } from '../commit/state-form.ts';
import type { ActorInspection, ActorStatus } from '../observe/actor-inspection.ts';
import type { Store, StoredRecord } from '../store/store.ts';
import { type ActorId, kindOf } from '../vocabulary/address.ts';
import { watcherOf } from '../vocabulary/signal.ts';
import { decodeValue } from '../wire/codec.ts';
import { LISTED_MAX, listed, remindersOf } from './inspect-cell.ts';
import { shortText, shown } from './shown.ts';

/** Bytes of a state on disk up to which it is read to be shown. */
export const STATE_READ_MAX: number = 1024 * 1024;

/** The record is not read where `store` is undefined. Rejects STORE_FAILED. */
export async function inspectAbsent(
  actors: LocalActors,
  store: Store | undefined,
  id: ActorId,
): Promise<ActorInspection> {
  const { kernel, failed, passivated } = actors;
  const now = kernel.clock.now();
  const isFailed = failed.has(id, now);
  const failedUntil = isFailed ? failed.untilOf(id) : undefined;
  const remains = passivated.get(id);
  const durable = kernel.durability?.isDurable(id) === true;
  const record = durable ? await store?.load(id) : undefined;
  let status: ActorStatus = record !== undefined || remains !== undefined ? 'passivated' : 'absent';
  if (isFailed) status = 'failed';
  const watchers = actors.watchers.of(id);
  const topics = kernel.topics.topicsOf(id);
  const wakesAt = record?.wakeAt;
  return {
    ...{ id, kind: kindOf(id), worker: kernel.worker, pid: process.pid, durable, status },
    pause: kernel.pauses?.of(id),
    ...{ since: undefined, inMemorySince: undefined, fence: undefined, turn: undefined, waitsFor: [] },
    until: failedUntil === undefined ? wakesAt : Math.round(failedUntil + kernel.clock.wall() - now),
    mailbox: { count: 0, bytes: 0, first: [], types: {}, oldestWaitMs: undefined },
    timers: { count: 0, first: [] },
    watchers: listed(watchers.slice(0, LISTED_MAX).map(watcherOf), watchers.length),
    watching: listed(remains?.watching?.keys() ?? [], remains?.watching?.size ?? 0),
    children: { count: 0, first: [] },
    parent: undefined,
    topics: listed(topics.slice(0, LISTED_MAX).map(shortText), topics.length),
    ...{ restarts: 0, lastFailure: undefined },
    ...recordParts(record, kernel.behaviours.get(kindOf(id))),
  };
}

type RecordParts = Pick<ActorInspection, 'stash' | 'outbox' | 'reminders' | 'state' | 'stateCut'>;

function recordParts(record: StoredRecord | undefined, behaviour: Behaviour | undefined): RecordParts {
  const none = { stash: { count: 0 }, outbox: { count: 0 }, reminders: { count: 0, first: [] } };
  if (!record) return { ...none, state: undefined, stateCut: undefined };
  const { stashed, outgoing, reminders, state } = readRecord(record.parts, (id) => id);
  return {
    stash: { count: stashed.length },
    outbox: { count: outgoing.length },
    reminders: remindersOf(reminders, reminders.size),
    ...stateOf(state, behaviour),
  };
}

function stateOf(
  bytes: Uint8Array | undefined,
  behaviour: Behaviour | undefined,
): Pick<ActorInspection, 'state' | 'stateCut'> {
  if (bytes === undefined) return { state: undefined, stateCut: undefined };
  if (bytes.length > STATE_READ_MAX)
    return { state: undefined, stateCut: `its ${bytes.length} bytes on disk are more than ${STATE_READ_MAX}` };
  const stored = decodeValue(bytes, (id) => id);
  try {
    const { value, cut } = shown(viewOfStored(behaviour, stored));
    return { state: value, stateCut: cut };
  } catch {
    return { state: undefined, stateCut: 'it could not be read' };
  }
}
