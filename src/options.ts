/**
 * The options of createSystem: unit, default and bound of each, checked in one place. All faults are named at once.
 */
import { type HistoryOptions, validateHistory } from './observe/turn-history.ts';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { ActorDefinition } from './actor/definition.ts';
import { dataDirOf } from './data-dir/data-dir.ts';
import type { PostgresPlace } from './store-postgres/postgres-store.ts';
import { IN_MEMORY_MAX } from './durability/actors-in-memory.ts';
import { type Listen, type ListenOptions, resolveListen, validateListen } from './gateway/listen-options.ts';
import {
  type ClusterOptions,
  memberFaults,
  type ResolvedCluster,
  resolveCluster,
} from './membership/cluster-options.ts';
import { LOG_LEVELS, LOG_METHODS, type Log } from './observe/log.ts';
import { validateTraceTopics } from './observe/trace.ts';
import type { TraceMode } from './tracing/find-spans.ts';
import {
  validateSupervision,
  type SupervisionOptions,
  type SupervisionPolicy,
  supervisionPolicy,
} from './supervision/supervision-options.ts';
import { isKind } from './vocabulary/address.ts';
import { TroupeError } from './vocabulary/errors.ts';
import { unknownOption } from './vocabulary/names.ts';
import { inspect } from './plain-data/inspect.ts';
import { POLL_MICROS_MAX } from './wire/poller.ts';
import { durableActorsOf, MEMORY_BYTES_MIN, memorySupply, workersByDefault } from './worker/memory-budget.ts';
import {
  type DashboardOptions,
  type MetricsOptions,
  resolveWeb,
  validateWeb,
  type WebAddress,
} from './web/web-options.ts';

/** Workers of one role. */
export interface WorkerGroup {
  /** Name of the role: a-z, 0-9 and -, beginning with a letter, at most 64 characters. */
  role: string;
  /** How many, from 1; all groups have at most 1 024. */
  count: number;
}

/**
 * How workers are supervised. One that ends, or hangs, is replaced after a backoff; past `intensity` restarts (default 5) within `periodMs` (default 30 000) it is
 * given up, and its actors stay with the others.
 */
export interface WorkerSupervisionOptions extends Omit<SupervisionOptions, 'onFailure' | 'children'> {
  /** Milliseconds without a sign of life after which a worker is killed and replaced, from 100 to 2 147 483 647. Default 10 000. */
  hangMs?: number;
  /**
   * Once every worker is past its intensity: `exit` ends this process with code 1, 5 s later, so that what watches over it
   * (systemd, Docker, PM2) starts it again, unless the program has called `shutdown()`, `reload()` or `addWorker()` by then. `stay`:
   * it goes on, and all mail is refused with NO_WORKER. Default `exit`.
   */
  whenAllGivenUp?: 'exit' | 'stay';
}

/** Options of `createSystem`. Invalid ones make one error INVALID_OPTIONS that names every fault. */
export interface SystemOptions {
  /**
   * Folder of the definitions, a path from the working folder or a URL; a file's name is its kind, those that begin with `_` are skipped. With `workers: 0` also
   * a record of definitions by kind. Default `./actors`.
   */
  actors?: string | URL | Record<string, ActorDefinition>;
  /**
   * Worker processes: a number from 0 to 1 024, or groups by role; 0: all in this process. Default: one for each core, or as many as the CPU quota of the
   * container gives in full, or as find 128 MiB each beside the master, at least one.
   */
  workers?: number | WorkerGroup[];
  /** Module that every worker runs once ready: `export default (system) => …`, its place for an HTTP server on a shared port. Default: none. */
  main?: string | URL;
  /** Name of the system: a-z, 0-9 and -, beginning with a letter, at most 64 characters. Default `troupe`. */
  name?: string;
  /**
   * Folder of the durable store. Default `.troupe`. A relative one is taken from the folder of the program's entry module,
   * wherever it is started; where the data lies in the working folder already, it stays there.
   */
  dataDir?: string;
  /**
   * Durable actors in memory, at most, per process; those idle for longest leave it first. From 1 to 100 000 000. Default: 100 000, or as
   * many as find room in half of the heap, or of its part of the container's memory, at 8 KiB each.
   */
  durableInMemoryMax?: number;
  /** Of workers. Default: 5 restarts in 30 000 ms. */
  supervision?: WorkerSupervisionOptions;
  /** Milliseconds that an ask waits where it says nothing else, from 1 to 2 147 483 647. Default 5 000. */
  askTimeoutMs?: number;
  /** Bytes of the largest encoded message, from 1 to 1 GiB; beyond it is MESSAGE_TOO_LARGE. Default 16 MiB. */
  messageBytesMax?: number;
  /**
   * Microseconds that a process stays awake after a link was active, where no other process wants the CPU; asks between workers take a
   * fifth of the time, for a busy CPU. At most 10 000. Default 0: it sleeps at once, and stays awake (100 at most) only for a record of the store.
   */
  pollMicros?: number;
  /** The last turns of actors are kept in memory, for `system.history(id)`; each turn then costs some more. Default: none are. */
  history?: HistoryOptions;
  /** True: it starts as after `pause('*')`, until `resume('*')`. Default false; durable kinds that were paused before stay so all the same. */
  paused?: boolean;
  /** Check and freeze local messages too, so that what would not cross a link fails on the first day. Default: unless NODE_ENV is `production`. */
  checkMessages?: boolean;
  /** Milliseconds that a drain may take, at a shutdown or of one worker, from 0 to 2 147 483 647. Default 10 000. */
  shutdownMs?: number;
  /**
   * Bytes that all queues of a process may hold together: mailboxes, links, what waits for a host or a commit. From half on
   * `tell` says false; beyond, messages become dead letters. One queue holds at most a quarter of it. Default: a quarter of
   * what the heap of the process may grow to, or of its part of the container's memory where that is less. At least 1 MiB.
   */
  memory?: number;
  /**
   * A logger such as pino's, or a level. Lines of all workers are written by this very logger, in the master: its levels, redaction,
   * serializers and transports hold for them. With a level (`trace` to `fatal`, `silent`) each process writes to its stdout. Default `info`.
   */
  log?: Log | string;
  /**
   * Drain at SIGTERM and SIGINT, then exit with 0 (a second signal, 500 ms later or more, ends everything at once); reload at SIGHUP,
   * or drain where there are no workers. False: the program listens to signals and calls `shutdown()` itself. Default true.
   */
  signals?: boolean;
  /**
   * Where clients come in (`connect` of `troupe/client`), at most 16 addresses. Default: nowhere.
   *
   * @example
   * ```ts
   * const system = await createSystem({ listen: [{ url: 'unix:.troupe/clients.sock' }] });
   * ```
   */
  listen?: readonly ListenOptions[];
  /**
   * A unix socket in `dataDir` that only this user can open, with all rights: tools, and `connect()` without an address, find the system by it.
   * False: none. True: without it the system does not start (INVALID_OPTIONS). Default: there is one, and where the folder cannot be
   * written a warning in the log instead. Not on Windows.
   */
  controlSocket?: boolean;
  /** Traces by OpenTelemetry. Default: where an SDK was registered before, in workers too (`node --import`). True: else INVALID_OPTIONS. False: none. */
  trace?: boolean;
  /** Metrics (`/metrics`) and health (`/livez`, `/readyz`, `/startupz`) over HTTP, of the master. Default: none. */
  metrics?: MetricsOptions;
  /** The page in which the system is seen and steered, with metrics and health on the same port. Default: none. */
  dashboard?: DashboardOptions;
  /** Where durable actors are, instead of `dataDir`, until `cluster` says so. @internal */
  postgres?: PostgresPlace;
  /**
   * Several machines as one system: the address of their PostgreSQL database, where durable actors are then, or more about it. Default: TROUPE_CLUSTER.
   *
   * @example
   * ```ts
   * await createSystem({ cluster: 'postgres://troupe:secret@db.example/troupe' });
   * ```
   */
  cluster?: string | ClusterOptions;
  /** `client`: this process owns nothing in the cluster and only sends; it needs `cluster` and `workers: 0`. Default: a machine of the cluster. */
  role?: 'client';
}

export interface ResolvedOptions {
  /** Names of the options that the program has given. */
  given: readonly string[];
  /** URL of the folder, or the definitions themselves. */
  actors: string | Record<string, ActorDefinition>;
  groups: WorkerGroup[];
  main: string | undefined;
  name: string;
  dataDir: string;
  postgres: PostgresPlace | undefined;
  /** Undefined: this system is one machine. */
  cluster: ResolvedCluster | undefined;
  isClient: boolean;
  durableInMemoryMax: number;
  supervision: SupervisionPolicy;
  hangMs: number;
  whenAllGivenUp: 'exit' | 'stay';
  askTimeoutMs: number;
  messageBytesMax: number;
  pollMicros: number;
  history: HistoryOptions | undefined;
  paused: boolean;
  checkMessages: boolean;
  shutdownMs: number;
  /** Undefined: each process sees to its own. */
  memory: number | undefined;
  log: Log | string;
  signals: boolean;
  listen: readonly Listen[];
  controlSocket: 'off' | 'wanted' | 'required';
  web: readonly WebAddress[];
  trace: TraceMode;
}

export const WORKERS_MAX = 1024;
export const MILLISECONDS_MAX: number = 2 ** 31 - 1;
export const DURABLE_IN_MEMORY_MAX = 100_000_000;
export const MESSAGE_BYTES_MAX: number = 1024 * 1024 * 1024;
/** The role of workers that were given none. */
export const DEFAULT_ROLE = 'worker';

const NAMES = new Set([
  ...['actors', 'workers', 'main', 'name', 'dataDir', 'durableInMemoryMax', 'supervision', 'askTimeoutMs'],
  ...['messageBytesMax', 'checkMessages', 'pollMicros', 'history', 'paused', 'shutdownMs', 'memory', 'log'],
  ...['signals', 'listen', 'controlSocket', 'trace', 'metrics', 'dashboard', 'postgres', 'cluster', 'role'],
]);
const WORKER_SUPERVISION = { intensity: 5, periodMs: 30_000 };

/** Checks and resolves. Throws one INVALID_OPTIONS that names every fault. */
export function resolveOptions(options: SystemOptions = {}): ResolvedOptions {
  if (typeof options !== 'object' || options === null)
    throw invalid([`options: expected an object; got ${inspect(options)}`]);
  const faults = [...validateOptions(options), ...validateTraceTopics(process.env.TROUPE_TRACE)];
  if (faults.length > 0) throw invalid(faults);
  const { hangMs = 10_000, whenAllGivenUp = 'exit', ...supervision } = options.supervision ?? {};
  const groups = groupsOf(options.workers ?? workersByDefault());
  return {
    given: Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [name])),
    actors: actorsOf(options.actors ?? './actors'),
    groups,
    main: options.main === undefined ? undefined : urlOf(options.main),
    name: options.name ?? 'troupe',
    dataDir: dataDirOf(options.dataDir),
    postgres: options.postgres,
    cluster: resolveCluster(options.cluster, process.env.TROUPE_CLUSTER),
    isClient: options.role === 'client',
    durableInMemoryMax: options.durableInMemoryMax ?? durableInMemory(groups),
    supervision: supervisionPolicy({ ...WORKER_SUPERVISION, ...supervision }),
    hangMs,
    whenAllGivenUp,
    askTimeoutMs: options.askTimeoutMs ?? 5_000,
    messageBytesMax: options.messageBytesMax ?? 16 * 1024 * 1024,
    pollMicros: options.pollMicros ?? 0,
    history: options.history,
    paused: options.paused ?? false,
    checkMessages: options.checkMessages ?? process.env.NODE_ENV !== 'production',
    shutdownMs: options.shutdownMs ?? 10_000,
    memory: options.memory,
    log: options.log ?? 'info',
    signals: options.signals ?? true,
    listen: resolveListen(options.listen),
    controlSocket: options.controlSocket === undefined ? 'wanted' : options.controlSocket ? 'required' : 'off',
    trace: options.trace === undefined ? 'auto' : options.trace ? 'on' : 'off',
    web: resolveWeb(options.metrics, options.dashboard),
  };
}

function validateOptions(options: SystemOptions): string[] {
  const faults: string[] = [];
  const expect = (fine: boolean, name: string, what: string, got: unknown): void => {
    if (!fine) faults.push(`${name}: expected ${what}; got ${inspect(got)}`);
  };
  const whole = (name: keyof SystemOptions, least: number, most: number): void => {
    const value: unknown = options[name];
    const fine =
      value === undefined || (Number.isInteger(value) && (value as number) >= least && (value as number) <= most);
    expect(fine, name, `a whole number from ${least} to ${most}`, value);
  };
  for (const name of Object.keys(options)) if (!NAMES.has(name)) faults.push(unknownOption(name, name, NAMES));
  whole('askTimeoutMs', 1, MILLISECONDS_MAX);
  whole('messageBytesMax', 1, MESSAGE_BYTES_MAX);
  whole('pollMicros', 0, POLL_MICROS_MAX);
  whole('shutdownMs', 0, MILLISECONDS_MAX);
  whole('memory', MEMORY_BYTES_MIN, Number.MAX_SAFE_INTEGER);
  whole('durableInMemoryMax', 1, DURABLE_IN_MEMORY_MAX);
  const { name, dataDir, main, log } = options;
  expect(
    name === undefined || isKind(name),
    'name',
    'a-z, 0-9 and -, beginning with a letter, at most 64 characters',
    name,
  );
  expect(
    dataDir === undefined || (typeof dataDir === 'string' && dataDir !== ''),
    'dataDir',
    'the path of a folder',
    dataDir,
  );
  for (const flag of ['checkMessages', 'signals', 'controlSocket', 'paused', 'trace'] as const)
    expect(options[flag] === undefined || typeof options[flag] === 'boolean', flag, 'true or false', options[flag]);
  expect(main === undefined || isPlace(main), 'main', 'the path or URL of a module', main);
  expect(
    log === undefined || isLog(log),
    'log',
    `a logger with ${LOG_METHODS.join(', ')}, such as pino's, or one of ${LOG_LEVELS.join(', ')}`,
    log,
  );
  return [
    ...faults,
    ...validateActors(options),
    ...validateWorkers(options.workers),
    ...validateWorkerSupervision(options.supervision),
    ...validateListen(options.listen),
    ...memberFaults(options, process.env.TROUPE_CLUSTER),
    ...validateHistory(options.history),
    ...validateWeb(options.metrics, options.dashboard),
  ];
}

function validateActors({ actors, workers }: SystemOptions): string[] {
  if (actors === undefined || isPlace(actors)) return [];
  if (typeof actors !== 'object' || actors === null || Array.isArray(actors)) {
    return [`actors: expected the path or URL of a folder, or a record of definitions; got ${inspect(actors)}`];
  }
  if (workers !== 0)
    return [
      `actors: expected the path or URL of a folder, since other processes load it too; got a record, which needs workers: 0`,
    ];
  return Object.keys(actors)
    .filter((kind) => !isKind(kind))
    .map((kind) => `actors: expected kinds of a-z, 0-9 and -; got ${inspect(kind)}`);
}

function validateWorkers(workers: unknown): string[] {
  const whole = (count: unknown, least: number): boolean =>
    Number.isInteger(count) && (count as number) >= least && (count as number) <= WORKERS_MAX;
  if (workers === undefined || whole(workers, 0)) return [];
  if (!Array.isArray(workers))
    return [
      `workers: expected a whole number from 0 to ${WORKERS_MAX}, or groups { role, count }; got ${inspect(workers)}`,
    ];
  if (workers.length === 0) return ['workers: expected at least one group { role, count }; got []'];
  const faults: string[] = [];
  for (const [position, group] of workers.entries()) {
    if (!isKind(group?.role))
      faults.push(`workers[${position}].role: expected a name of a-z, 0-9 and -; got ${inspect(group?.role)}`);
    if (!whole(group?.count, 1))
      faults.push(
        `workers[${position}].count: expected a whole number from 1 to ${WORKERS_MAX}; got ${inspect(group?.count)}`,
      );
  }
  const total = workers.reduce((sum, group) => sum + (Number(group?.count) || 0), 0);
  if (total > WORKERS_MAX) faults.push(`workers: expected at most ${WORKERS_MAX} in all; got ${total}`);
  return faults;
}

function validateWorkerSupervision(supervision: unknown): string[] {
  if (supervision === undefined) return [];
  if (typeof supervision !== 'object' || supervision === null)
    return [`supervision: expected an object; got ${inspect(supervision)}`];
  const { hangMs, whenAllGivenUp, ...rest } = supervision as WorkerSupervisionOptions;
  const faults = validateSupervision(rest, 'supervision');
  for (const name of ['onFailure', 'children']) {
    if (name in rest)
      faults.push(
        `supervision.${name}: expected nothing, workers are always restarted one for one; got ${inspect((rest as Record<string, unknown>)[name])}`,
      );
  }
  if (whenAllGivenUp !== undefined && whenAllGivenUp !== 'exit' && whenAllGivenUp !== 'stay')
    faults.push(`supervision.whenAllGivenUp: expected 'exit' or 'stay'; got ${inspect(whenAllGivenUp)}`);
  const fine = hangMs === undefined || (Number.isInteger(hangMs) && hangMs >= 100 && hangMs <= MILLISECONDS_MAX);
  if (!fine)
    faults.push(`supervision.hangMs: expected a whole number from 100 to ${MILLISECONDS_MAX}; got ${inspect(hangMs)}`);
  return faults;
}

function isPlace(value: unknown): value is string | URL {
  if (value === '' || !(typeof value === 'string' || value instanceof URL)) return false;
  try {
    urlOf(value);
    return true;
  } catch {
    return false;
  }
}

function isLog(value: unknown): boolean {
  if (typeof value === 'string') return LOG_LEVELS.includes(value);
  if (typeof value !== 'object' || value === null) return false;
  return LOG_METHODS.every((name) => typeof (value as Record<string, unknown>)[name] === 'function');
}

function actorsOf(actors: string | URL | Record<string, ActorDefinition>): string | Record<string, ActorDefinition> {
  return typeof actors === 'string' || actors instanceof URL ? urlOf(actors) : actors;
}

function urlOf(place: string | URL): string {
  const path = place instanceof URL ? fileURLToPath(place) : place.startsWith('file:') ? fileURLToPath(place) : place;
  return pathToFileURL(resolve(path)).href;
}

function durableInMemory(groups: readonly WorkerGroup[]): number {
  const processes = groups.reduce((sum, { count }) => sum + count, 1);
  return Math.min(IN_MEMORY_MAX, durableActorsOf(memorySupply(), processes));
}

function groupsOf(workers: number | WorkerGroup[]): WorkerGroup[] {
  if (typeof workers === 'number') return workers === 0 ? [] : [{ role: DEFAULT_ROLE, count: workers }];
  return workers.map(({ role, count }) => ({ role, count }));
}

function invalid(faults: string[]): TroupeError {
  return new TroupeError('INVALID_OPTIONS', faults.join('\n'));
}
