/**
 * How an actor, and a worker, is supervised: the options, their defaults and their bounds, in one place.
 * Nothing in this room acts or knows the time: policies return decisions, the shells above carry them out.
 */
import { unknownOption } from '../vocabulary/names.ts';
import { inspect } from '../plain-data/inspect.ts';

/** restart: a new incarnation · resume: go on with the state as it is · stop: end it · escalate: the parent fails with its error. */
export type Directive = 'restart' | 'resume' | 'stop' | 'escalate';
/** A directive, or what decides from the error, the actor's id and its restarts so far. One that throws, or gives no directive, counts as `escalate`. */
export type OnFailure = Directive | ((error: Error, context: { id: string; restarts: number }) => Directive);
/** Which children start again when one has ended: it alone, all, or it and those started after it. */
export type ChildrenStrategy = 'one_for_one' | 'one_for_all' | 'rest_for_one';
/** When a child that has ended is started again: always, after an abnormal end, never. */
export type RestartType = 'permanent' | 'transient' | 'temporary';

export const DIRECTIVES: readonly Directive[] = ['restart', 'resume', 'stop', 'escalate'];
export const CHILDREN_STRATEGIES: readonly ChildrenStrategy[] = ['one_for_one', 'one_for_all', 'rest_for_one'];
export const RESTART_TYPES: readonly RestartType[] = ['permanent', 'transient', 'temporary'];

/** The wait before a restart, longer from one to the next. */
export interface BackoffOptions {
  /** Milliseconds before the first restart, from 0. Default 50. */
  initialMs: number;
  /** Milliseconds before any restart, at most; from `initialMs` to 2 147 483 647. Default 5 000. */
  maxMs: number;
  /** How many times as long each wait is as the one before, from 1 to 1 000. Default 2. */
  factor: number;
  /** Share of the wait by which it may be longer or shorter, from 0 to 1. Default 0.2. */
  jitter: number;
}

/**
 * The supervision of an actor whose handler throws. The asker gets HANDLER_FAILED, the message becomes a dead letter, the mail behind it stays. Past the
 * intensity the actor fails: its mail goes to dead letters, asks get ACTOR_FAILED at once, its parent is told.
 */
export interface SupervisionOptions {
  /** `restart`, `resume`, `stop` or `escalate`, or a function that decides. Default `restart`. */
  onFailure?: OnFailure | undefined;
  /** Restarts within `periodMs` that are still fine, from 0 to 10 000. Default 5. */
  intensity?: number | undefined;
  /** Milliseconds, from 1 to 2 147 483 647; a top-level actor that failed may be activated again after as long. Default 10 000. */
  periodMs?: number | undefined;
  /** The wait before a restart. Default: 50 ms, doubled up to 5 000 ms, a fifth more or less. */
  backoff?: Partial<BackoffOptions> | undefined;
  /** Which children start again when one has ended. Default `one_for_one`. */
  children?: ChildrenStrategy | undefined;
}

/** The options with every default filled in. */
export interface SupervisionPolicy {
  onFailure: OnFailure;
  /** Restarts within `periodMs` that are still fine; 0: none is. */
  intensity: number;
  /** Milliseconds, above 0. */
  periodMs: number;
  backoff: BackoffOptions;
  children: ChildrenStrategy;
}

/** A timestamp is kept for each restart within the period, so the intensity bounds memory. */
export const INTENSITY_MAX = 10_000;
/** 24.8 days: the longest that a timer can wait. */
export const SUPERVISION_MS_MAX: number = 2 ** 31 - 1;

export const SUPERVISION_DEFAULTS: SupervisionPolicy = {
  onFailure: 'restart',
  intensity: 5,
  periodMs: 10_000,
  backoff: { initialMs: 50, maxMs: 5_000, factor: 2, jitter: 0.2 },
  children: 'one_for_one',
};

/** Fills in the defaults. The options must be free of faults. */
export function supervisionPolicy(options: SupervisionOptions | undefined): SupervisionPolicy {
  const given = options ?? {};
  return {
    onFailure: given.onFailure ?? SUPERVISION_DEFAULTS.onFailure,
    intensity: given.intensity ?? SUPERVISION_DEFAULTS.intensity,
    periodMs: given.periodMs ?? SUPERVISION_DEFAULTS.periodMs,
    backoff: backoffPolicy(given.backoff),
    children: given.children ?? SUPERVISION_DEFAULTS.children,
  };
}

/** An `initialMs` above the default `maxMs` raises it, and a `maxMs` below the default `initialMs` lowers that. */
function backoffPolicy(options: Partial<BackoffOptions> | undefined): BackoffOptions {
  const given = options ?? {};
  const { initialMs, maxMs, factor, jitter } = SUPERVISION_DEFAULTS.backoff;
  return {
    initialMs: given.initialMs ?? Math.min(initialMs, given.maxMs ?? maxMs),
    maxMs: given.maxMs ?? Math.max(maxMs, given.initialMs ?? initialMs),
    factor: given.factor ?? factor,
    jitter: given.jitter ?? jitter,
  };
}

type Check = (value: unknown) => string | undefined;

const CHECKS: Record<keyof SupervisionOptions, Check> = {
  onFailure: (value) =>
    typeof value === 'function' || isOneOf(DIRECTIVES, value) ? undefined : `${listed(DIRECTIVES)} or a function`,
  intensity: (value) => expectNumber(value, 0, INTENSITY_MAX, true),
  periodMs: (value) => expectNumber(value, 1, SUPERVISION_MS_MAX, false),
  backoff: (value) => (isRecord(value) ? undefined : 'an object'),
  children: (value) => (isOneOf(CHILDREN_STRATEGIES, value) ? undefined : listed(CHILDREN_STRATEGIES)),
};

const BACKOFF_CHECKS: Record<keyof BackoffOptions, Check> = {
  initialMs: (value) => expectNumber(value, 0, SUPERVISION_MS_MAX, false),
  maxMs: (value) => expectNumber(value, 0, SUPERVISION_MS_MAX, false),
  factor: (value) => expectNumber(value, 1, 1_000, false),
  jitter: (value) => expectNumber(value, 0, 1, false),
};

/** Every fault of the options, each `<path>: expected …; got …`; empty when there is none. */
export function validateSupervision(options: unknown, path: string): string[] {
  if (options === undefined) return [];
  if (!isRecord(options)) return [fault(path, 'an object', options)];
  const faults = validateEach(options, path, CHECKS);
  const { backoff } = options;
  if (isRecord(backoff)) faults.push(...validateBackoff(backoff, `${path}.backoff`));
  return faults;
}

function validateBackoff(backoff: Record<string, unknown>, path: string): string[] {
  const faults = validateEach(backoff, path, BACKOFF_CHECKS);
  const { initialMs, maxMs } = backoff;
  if (faults.length === 0 && typeof initialMs === 'number' && typeof maxMs === 'number' && maxMs < initialMs) {
    faults.push(fault(`${path}.maxMs`, `a number from initialMs, ${initialMs}`, maxMs));
  }
  return faults;
}

function validateEach(options: Record<string, unknown>, path: string, checks: Record<string, Check>): string[] {
  const faults: string[] = [];
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(checks, name)) {
      faults.push(unknownOption(`${path}.${name}`, name, Object.keys(checks)));
      continue;
    }
    const expected = value === undefined ? undefined : checks[name]?.(value);
    if (expected !== undefined) faults.push(fault(`${path}.${name}`, expected, value));
  }
  return faults;
}

function fault(path: string, expected: string, got: unknown): string {
  return `${path}: expected ${expected}; got ${inspect(got)}`;
}

function expectNumber(value: unknown, least: number, most: number, whole: boolean): string | undefined {
  const fits = typeof value === 'number' && value >= least && value <= most && (!whole || Number.isInteger(value));
  return fits ? undefined : `a ${whole ? 'whole ' : ''}number from ${least} to ${most}`;
}

function isOneOf(list: readonly string[], value: unknown): boolean {
  return typeof value === 'string' && list.includes(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function listed(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(', ');
}
