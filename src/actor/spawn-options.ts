/** The options of `spawn`, checked at the call, for top-level actors and children. All faults are named at once. */
import { RESTART_TYPES } from '../supervision/supervision-options.ts';
import { isKind } from '../vocabulary/address.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import { unknownOption } from '../vocabulary/names.ts';
import { inspect } from '../plain-data/inspect.ts';

/** Milliseconds that a child may be given for its end. */
export const SHUTDOWN_MS_MAX: number = 2 ** 31 - 1;

type Checks = Record<string, (value: unknown) => string | undefined>;

const PLACEMENT: Checks = {
  worker: (value) => (Number.isInteger(value) && (value as number) >= 0 ? undefined : 'the index of a worker'),
  role: (value) => (isKind(value) || value === '' ? undefined : 'the name of a role'),
};

const TOP: Checks = { key: () => undefined, args: () => undefined, placement: faultOfObject };

const CHILD: Checks = {
  key: () => undefined,
  args: () => undefined,
  restart: (value) => (RESTART_TYPES.includes(value as never) ? undefined : `one of ${RESTART_TYPES.join(', ')}`),
  shutdownMs: (value) =>
    typeof value === 'number' && value >= 0 && value <= SHUTDOWN_MS_MAX
      ? undefined
      : `milliseconds from 0 to ${SHUTDOWN_MS_MAX}`,
};

/** Throws INVALID_OPTIONS. The key and the arguments are looked at where the id is made. */
export function checkSpawnOptions(options: unknown): void {
  const faults = validateEach(options, TOP, '');
  const placement = (options as { placement?: unknown } | null)?.placement;
  if (faults.length === 0 && placement !== undefined) faults.push(...validateEach(placement, PLACEMENT, 'placement.'));
  refuse(faults);
}

export function checkChildOptions(options: unknown): void {
  refuse(validateEach(options, CHILD, ''));
}

function validateEach(options: unknown, checks: Checks, path: string): string[] {
  if (faultOfObject(options)) return [`options: expected an object; got ${inspect(options)}`];
  return Object.entries(options as object).flatMap(([name, value]) => {
    const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
    if (!check) return [unknownOption(`${path}${name}`, name, Object.keys(checks))];
    const expected = value === undefined ? undefined : check(value);
    return expected === undefined ? [] : [`${path}${name}: expected ${expected}; got ${inspect(value)}`];
  });
}

function faultOfObject(value: unknown): string | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? undefined : 'an object';
}

function refuse(faults: string[]): void {
  if (faults.length > 0) throw new TroupeError('INVALID_OPTIONS', faults.join('\n'));
}
