/** The calls about the system itself that a client may make: for each the right that it needs, and what it does. All else of a system has entries of its own. */
import type { StoredDeadLetter } from '../commit/stored-dead-letters.ts';
import { ProcessSystem } from '../system/process-system.ts';
import type { System } from '../system/system.ts';
import { type ActorId, isKind } from '../vocabulary/address.ts';
import type { ListSort } from '../observe/actor-list.ts';
import type { SystemFacts } from '../observe/system-facts.ts';
import type { KeptLetter } from '../observe/kept-letter.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import { inspect } from '../plain-data/inspect.ts';
import { kindOfPattern } from '../vocabulary/pause.ts';
import type { CallArgument } from '../wire/entry.ts';
import type { DirectSockets } from './direct-sockets.ts';
import { EVENT_WAIT_MS, type EventTail, typeOf } from './event-tail.ts';
import type { ClientRight, Rights } from './rights.ts';

type Args = readonly CallArgument[];

/** Lists of one call, an order of a kind each; those beyond are left out. */
export const FOREMOST_LISTS_MAX = 10;

export interface CallGround {
  readonly system: System;
  readonly facts?: SystemFacts | undefined;
  readonly rights: Rights;
  /** Undefined: none is told of. */
  readonly direct?: DirectSockets | undefined;
  tail(): EventTail;
}

export interface SystemCall {
  /** Why not; undefined where the client may. */
  refusal(rights: Rights, args: Args): string | undefined;
  run(ground: CallGround, args: Args): unknown;
}

/** A dead letter as tools list it. */
export interface ListedLetter {
  /** Of one that is on disk: names it for `resend` and `discard`. */
  readonly id?: string;
  readonly to: string;
  readonly sender?: string;
  readonly type: string;
  readonly reason: string;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  /** Of one that is in the memory of a process: which process. */
  readonly worker?: number;
  /** Its message, cut short; only for clients with the right `read`. */
  readonly preview?: string;
}

export const SYSTEM_CALLS: { readonly [name: string]: SystemCall } = {
  info: whole('observe', ({ system }) => ({ name: system.name, ...system.self, node: process.version })),
  // Where the client may ask an actor without this process in between.
  direct: {
    refusal: (rights, [id]) => rights.refusal('ask', String(id)),
    run: ({ rights, direct }, [id]) => direct?.offer(rights, textArgument(id, 'id')),
  },
  workers: whole('observe', ({ system }) => system.workers()),
  machines: whole('observe', ({ system }) => system.machines()),
  metrics: whole('observe', ({ system }) => system.metrics()),
  ids: {
    refusal: (rights, [kind]) => rights.refusal('observe', `${kind}/`),
    run: ({ system }, [kind, after, limit]) =>
      system.ids(kindArgument(kind), {
        after: textOrNone(after, 'after'),
        limit: limit === undefined || limit === null ? undefined : wholeArgument(limit, 'limit'),
      }),
  },
  list: {
    refusal: (rights, [kind]) =>
      typeof kind === 'string' ? rights.refusal('observe', `${kind}/`) : rights.refusalOfAll('observe'),
    run: ({ system }, [kind, sort, limit, after]) =>
      system.list({
        kind: textOrNone(kind, 'kind'),
        sort: textOrNone(sort, 'sort') as ListSort | undefined,
        limit: limit === undefined || limit === null ? undefined : wholeArgument(limit, 'limit'),
        after: textOrNone(after, 'after'),
      }),
  },
  // The foremost in several orders, or of several kinds, at the price of one list: `mailbox,busy`, `order,cart`.
  foremost: ofAll('observe', ({ system }, [sorts, limit, kinds]) => {
    const most = wholeArgument(limit, 'limit');
    const each = textOrNone(kinds, 'kinds')?.split(',', FOREMOST_LISTS_MAX) ?? [undefined];
    const orders = textArgument(sorts, 'sorts').split(',', FOREMOST_LISTS_MAX) as ListSort[];
    const lists = orders.flatMap((sort) => each.map((kind) => ({ kind, sort, limit: most })));
    return ofProcess(system).lists(lists.slice(0, FOREMOST_LISTS_MAX));
  }),
  // It shows what is in the actor, too.
  inspect: {
    refusal: (rights, [id]) => rights.refusal('observe', String(id)) ?? rights.refusal('read', String(id)),
    run: ({ system }, [id]) => system.inspect(textArgument(id, 'id')),
  },
  'past-places': {
    refusal: (rights, [id]) => rights.refusal('observe', String(id)),
    run: ({ system }, [id]) => ofProcess(system).pastPlaces(textArgument(id, 'id')),
  },
  reminders: ofAll('observe', ({ system }, [after]) => ofProcess(system).reminders(textOrNone(after, 'after'))),
  configuration: ofAll('observe', ({ facts }) => ({ settings: known(facts).settings })),
  'store-files': ofAll('observe', ({ facts }) => known(facts).files()),
  history: {
    refusal: (rights, [id]) => rights.refusal('observe', String(id)),
    run: ({ system }, [id, last]) =>
      system.history(textArgument(id, 'id'), {
        last: last === undefined || last === null ? undefined : wholeArgument(last, 'last'),
      }),
  },
  placement: ofAll('observe', ({ system }) => ofProcess(system).placement()),
  flow: ofAll('observe', ({ system }) => ofProcess(system).flow()),
  checkups: ofAll('observe', ({ system }) => ofProcess(system).checkups()),
  'cluster-checkup': ofAll('observe', ({ system }) => ofProcess(system).clusterCheckup()),
  'blocked-loops': ofAll('observe', ({ system }) => ofProcess(system).blockedLoops()),
  machine: {
    refusal: (rights, [id]) => rights.refusal('observe', String(id)),
    run: ({ system }, [id]) => ofProcess(system).machine(textArgument(id, 'id')),
  },
  'dead-letters': ofAll('observe', deadLetters),
  events: ofAll('observe', ({ tail }, [waitMs = EVENT_WAIT_MS]) => tail().next(wholeArgument(waitMs, 'waitMs'))),
  stop: ofActor(({ system }, id, [reason]) => system.stop(id, textOrNone(reason, 'reason'))),
  kill: ofActor(({ system }, id) => system.kill(id)),
  remove: ofActor(({ system }, id) => system.remove(id)),
  move: ofActor(({ system }, id, [worker, machine]) => {
    if (machine === undefined || machine === null) return system.move(id, wholeArgument(worker, 'worker'));
    const to = worker === null ? undefined : wholeArgument(worker, 'worker');
    return system.move(id, { machine: textArgument(machine, 'machine'), worker: to });
  }),
  pause: ofPattern(({ system }, pattern, [reason]) => system.pause(pattern, { reason: textOrNone(reason, 'reason') })),
  resume: ofPattern(({ system }, pattern, [perSecond]) =>
    system.resume(pattern, { perSecond: numberOrNone(perSecond, 'perSecond') }),
  ),
  'add-worker': ofAll('admin', ({ system }, [given]) => {
    const role = textOrNone(given, 'role');
    return system.addWorker(role === undefined ? {} : { role });
  }),
  'remove-worker': ofAll('admin', ({ system }, [index]) => system.removeWorker(wholeArgument(index, 'worker'))),
  'restart-worker': ofAll('admin', ({ system }, [index]) => system.restartWorker(wholeArgument(index, 'worker'))),
  // Into a folder of the machine of the system.
  backup: ofAll('admin', ({ system }, [folder]) => system.backup(textArgument(folder, 'folder'))),
  reload: ofAll('admin', ({ system }) => system.reload()),
  resend: ofAll('admin', ({ system }, [id]) => system.deadLetters.resend(textArgument(id, 'id'))),
  discard: ofAll('admin', ({ system }, [id]) => system.deadLetters.discard(textArgument(id, 'id'))),
  shutdown: ofAll('admin', ({ system }, [timeoutMs]) => {
    const options = timeoutMs === undefined || timeoutMs === null ? {} : { timeoutMs: wholeArgument(timeoutMs, 'ms') };
    // Its end is the end of this connection: the answer is that it has begun.
    system.shutdown(options).catch(() => {});
    return system.self;
  }),
};

function whole(right: ClientRight, run: SystemCall['run']): SystemCall {
  return { refusal: (rights) => rights.refusal(right), run };
}

/** It shows or changes actors of all kinds: nothing for those who reach only some. */
function ofAll(right: ClientRight, run: SystemCall['run']): SystemCall {
  return { refusal: (rights) => rights.refusalOfAll(right), run };
}

/** Of actors of one kind, where the pattern says which; else for those alone who reach all. */
function ofPattern(run: (ground: CallGround, pattern: string, rest: Args) => unknown): SystemCall {
  return {
    refusal: (rights, [pattern]) => {
      const kind = kindOfPattern(String(pattern));
      return kind === undefined ? rights.refusalOfAll('admin') : rights.refusal('admin', `${kind}/`);
    },
    run: (ground, [pattern, ...rest]) => run(ground, textArgument(pattern, 'pattern'), rest),
  };
}

function ofActor(run: (ground: CallGround, id: ActorId, rest: Args) => unknown): SystemCall {
  return {
    refusal: (rights, [id]) => rights.refusal('admin', String(id)),
    run: (ground, [id, ...rest]) => run(ground, textArgument(id, 'id'), rest),
  };
}

/** Beside its public face: what is for the doctor alone. */
function ofProcess(system: System): ProcessSystem {
  if (system instanceof ProcessSystem) return system;
  throw fault('expected a system of this copy of the package');
}

function known(facts: SystemFacts | undefined): SystemFacts {
  if (facts !== undefined) return facts;
  throw fault('expected the process that has the options of the system');
}

/** Those in the memory of a process come without an id. */
async function deadLetters({ system, rights }: CallGround, [after]: Args): Promise<ListedLetter[]> {
  const mayRead = rights.refusal('read') === undefined;
  const stored = await system.deadLetters.list(textOrNone(after, 'after'));
  const kept = after === undefined || after === null ? await system.deadLetters.inMemory() : [];
  return [...kept, ...stored].map((letter) => listed(letter, mayRead));
}

function listed(letter: KeptLetter | StoredDeadLetter, mayRead: boolean): ListedLetter {
  const { to, sender, message, reason, at } = letter;
  return {
    ...('id' in letter ? { id: letter.id } : { worker: letter.worker }),
    ...{ to, reason, at, type: typeOf(message) },
    ...(sender !== undefined && { sender }),
    ...(mayRead && { preview: 'preview' in letter ? letter.preview : inspect(message) }),
  };
}

function textArgument(value: CallArgument | undefined, name: string): string {
  if (typeof value === 'string') return value;
  throw fault(`${name}: expected a text; got ${inspect(value)}`);
}

function textOrNone(value: CallArgument | undefined, name: string): string | undefined {
  return value === undefined || value === null ? undefined : textArgument(value, name);
}

function numberOrNone(value: CallArgument | undefined, name: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number') return value;
  throw fault(`${name}: expected a number; got ${inspect(value)}`);
}

function wholeArgument(value: CallArgument | undefined, name: string): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw fault(`${name}: expected a whole number; got ${inspect(value)}`);
}

function kindArgument(value: CallArgument | undefined): string {
  if (typeof value === 'string' && isKind(value)) return value;
  throw fault(`kind: expected the name of a kind; got ${inspect(value)}`);
}

function fault(text: string): TroupeError {
  return new TroupeError('INVALID_OPTIONS', text, { fate: 'not-executed' });
}
