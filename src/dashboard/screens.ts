/** The screens of the page: what each one looks at, and how often while somebody looks at it. Nothing is changed by a look. */
import type { ActorInspection } from '../observe/actor-inspection.ts';
import type { PastPlace } from '../observe/past-place.ts';
import type { BlockedLoop } from '../observe/checkup.ts';
import type { ActorList, ListSort } from '../observe/actor-list.ts';
import type { Timing } from '../observe/timing.ts';
import type { StoreFiles } from '../observe/system-facts.ts';
import type { SystemMetrics } from '../system/metrics.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import { kindOf } from '../vocabulary/address.ts';
import { inspect } from '../plain-data/inspect.ts';
import type { MachineInfo } from '../observe/machine-info.ts';
import type { WorkerInfo } from '../wire/control.ts';
import type {
  ActorAnswer,
  ActorsAnswer,
  EventsAnswer,
  InfoAnswer,
  KindFigures,
  KindsAnswer,
  OverviewAnswer,
  StoreAnswer,
  SystemFigures,
  TimingFigures,
  TopAnswer,
} from './answers.ts';
import { callOf, type Ground } from './ground.ts';
import { lettersOf } from './letters.ts';
import { treeOf } from './tree.ts';

export interface Screen {
  /** Milliseconds between two looks, at least. */
  readonly everyMs: number;
  /** All actors of all processes are gone through: its answer says how long a process has worked on it, `workMs`. */
  readonly isDear: boolean;
  /** Names of its parameters. */
  readonly takes: readonly string[];
  look(ground: Ground, params: URLSearchParams): Promise<unknown>;
}

/** Characters of a parameter. */
export const PARAM_LENGTH_MAX = 1_024;
/** Kinds that are shown beside each other. */
export const KINDS_BESIDE_MAX = 4;
/** Actors in each of the short lists. */
const TOP = 5;

export const SCREENS: { readonly [name: string]: Screen } = {
  info: screen(10_000, [], infoOf),
  overview: screen(1_000, [], overviewOf),
  top: { ...screen(2_000, [], topOf), isDear: true },
  actor: screen(1_000, ['id'], actorOf),
  machine: screen(60_000, ['id'], (ground, params) => callOf(ground, 'machine', params.get('id'))),
  actors: { ...screen(2_000, ['kind', 'sort', 'limit', 'after'], actorsOf), isDear: true },
  kinds: { ...screen(2_000, ['kinds', 'sort', 'limit'], kindsOf), isDear: true },
  workers: screen(1_000, [], overviewOf),
  'dead-letters': screen(3_000, ['after'], lettersOf),
  events: screen(1_000, ['after'], eventsOf),
  flow: screen(1_000, [], (ground) => callOf(ground, 'flow')),
  placement: screen(2_000, [], (ground) => callOf(ground, 'placement')),
  tree: { ...screen(5_000, ['id'], treeOf), isDear: true },
  reminders: screen(5_000, ['after'], (ground, params) => callOf(ground, 'reminders', text(params, 'after'))),
  store: screen(2_000, [], storeOf),
  configuration: screen(60_000, [], (ground) => callOf(ground, 'configuration')),
};

function screen(everyMs: number, takes: readonly string[], look: Screen['look']): Screen {
  return {
    ...{ everyMs, takes, isDear: false },
    look: async (ground, params) => {
      checkParams(params, takes);
      return look(ground, params);
    },
  };
}

/** Throws INVALID_OPTIONS. */
function checkParams(params: URLSearchParams, takes: readonly string[]): void {
  for (const [name, value] of params) {
    if (!takes.includes(name))
      throw fault(`expected parameters out of ${takes.join(', ') || 'none'}; got ${inspect(name)}`);
    if (value.length > PARAM_LENGTH_MAX)
      throw fault(`${name}: expected at most ${PARAM_LENGTH_MAX} characters; got ${value.length}`);
  }
}

async function infoOf(ground: Ground): Promise<InfoAnswer> {
  const { name, pid, node } = await callOf<{ name: string; pid: number; node: string }>(ground, 'info');
  const { kinds } = await callOf<SystemMetrics>(ground, 'metrics');
  const { readOnly, startedAt, panels } = ground;
  return { name, pid, node, readOnly, kinds: Object.keys(kinds).sort(), panels, startedAt };
}

async function overviewOf(ground: Ground): Promise<OverviewAnswer> {
  const metrics = await callOf<SystemMetrics>(ground, 'metrics');
  const workers = await callOf<WorkerInfo[]>(ground, 'workers');
  const isSilent = workers.some(
    ({ index, state }) => state === 'ready' && !metrics.workers.some((one) => one.worker === index),
  );
  // A thread beside its event loop says what runs in it.
  const blocked = isSilent ? await callOf<BlockedLoop[]>(ground, 'blocked-loops') : [];
  const machines = await callOf<MachineInfo[]>(ground, 'machines');
  const { machine } = ground.system.self;
  return { at: ground.clock.wall(), metrics: figuresOf(metrics), workers, machines, machine, blocked };
}

/** Without the buckets of the times, which are many. */
function figuresOf({ kinds, workers, ...rest }: SystemMetrics): SystemFigures {
  const named = Object.entries(kinds).map(([kind, counts]): [string, KindFigures] => {
    const { handlingMs, waitMs } = counts;
    return [kind, { ...counts, handlingMs: timingOf(handlingMs), waitMs: timingOf(waitMs) }];
  });
  return {
    ...rest,
    kinds: Object.fromEntries(named),
    workers: workers.map(({ kinds: _kinds, ...figures }) => figures),
  };
}

function timingOf(timing: Timing | undefined): TimingFigures | undefined {
  return timing && { p50: timing.p50, p95: timing.p95, p99: timing.p99 };
}

/** All actors of all processes are gone through once for all of these orders. */
const TOP_SORTS: Readonly<Record<keyof Omit<TopAnswer, 'inMemory' | 'silent' | 'workMs'>, ListSort>> = {
  ...{ byRate: 'rate', byLatency: 'latency', byErrors: 'errors', byMailbox: 'mailbox', byTurn: 'busy' },
  byFailure: 'failed',
};

async function topOf(ground: Ground): Promise<TopAnswer> {
  const lists = await callOf<ActorList[]>(ground, 'foremost', Object.values(TOP_SORTS).join(), TOP);
  const { inMemory = 0, silent = [], workMs = 0 } = lists[0] ?? {};
  const named = Object.keys(TOP_SORTS).map((name, at) => [name, lists[at]?.actors ?? []]);
  return { inMemory, silent, workMs, ...Object.fromEntries(named) } as TopAnswer;
}

async function actorOf(ground: Ground, params: URLSearchParams): Promise<ActorAnswer> {
  const { lastTurns, history, redaction, clock } = ground;
  const actor = await callOf<ActorInspection>(ground, 'inspect', params.get('id'));
  const isKept = history !== undefined && history.kinds?.includes(kindOf(actor.id)) !== false;
  const turns = isKept ? await lastTurns.of(actor) : undefined;
  const places = await callOf<PastPlace[]>(ground, 'past-places', actor.id);
  return { at: clock.wall(), actor: { ...actor, state: redaction.of(actor.id, actor.state) }, turns, places };
}

async function actorsOf(ground: Ground, params: URLSearchParams): Promise<ActorsAnswer> {
  const limit = params.get('limit');
  const count = limit === null ? null : Number(limit);
  const list = await callOf<ActorList>(
    ground,
    'list',
    text(params, 'kind'),
    text(params, 'sort'),
    count,
    text(params, 'after'),
  );
  return { ...list, at: ground.clock.wall() };
}

/** Kinds beside each other: their counts and times, and the foremost actors of each. */
async function kindsOf(ground: Ground, params: URLSearchParams): Promise<KindsAnswer> {
  const names = text(params, 'kinds')?.split(',') ?? [];
  if (names.length === 0 || names.length > KINDS_BESIDE_MAX)
    throw fault(`kinds: expected 1 to ${KINDS_BESIDE_MAX} names with commas between them; got ${names.length}`);
  const [sort, limit] = [text(params, 'sort') ?? 'mailbox', Number(params.get('limit') ?? TOP)];
  const lists = await callOf<ActorList[]>(ground, 'foremost', sort, limit, names.join());
  const { kinds } = figuresOf(await callOf<SystemMetrics>(ground, 'metrics'));
  const { silent = [], workMs = 0 } = lists[0] ?? {};
  const beside = names.map((kind, at) => ({ kind, figures: kinds[kind], actors: lists[at]?.actors ?? [] }));
  return { at: ground.clock.wall(), silent, workMs, beside };
}

async function storeOf(ground: Ground): Promise<StoreAnswer> {
  const { workers } = await callOf<SystemMetrics>(ground, 'metrics');
  const commits = workers.flatMap(({ worker, role, commits }) =>
    commits === undefined ? [] : [{ worker, role, commits }],
  );
  return { at: ground.clock.wall(), ...(await callOf<StoreFiles>(ground, 'store-files')), commits };
}

async function eventsOf({ events, clock }: Ground, params: URLSearchParams): Promise<EventsAnswer> {
  const after = Number(params.get('after') ?? 0);
  if (!Number.isSafeInteger(after) || after < 0)
    throw fault(`after: expected the number of an event; got ${inspect(params.get('after'))}`);
  return { at: clock.wall(), ...events.after(after) };
}

/** An empty one is none: a form sends those that nobody has filled in. */
function text(params: URLSearchParams, name: string): string | null {
  return params.get(name) || null;
}

function fault(message: string): TroupeError {
  return new TroupeError('INVALID_OPTIONS', message, { fate: 'not-executed' });
}
