/** The check of a definition, once as it is loaded: all its faults at once. */
import { validateSupervision } from '../supervision/supervision-options.ts';
import { brandOf, otherFormat } from '../vocabulary/brand.ts';
import { inspect } from '../plain-data/inspect.ts';
import { unknownOption } from '../vocabulary/names.ts';
import type { StandardSchemaV1 } from '../vocabulary/standard-schema.ts';
import type { DefinitionOptions, DurableOptions } from './define-actor.ts';
import { isDefinition } from './definition.ts';
import { isMachineLogic } from './xstate-actor.ts';

export const MAILBOX_CAPACITY_MAX = 10_000_000;
export const PASSIVATE_AFTER_MS_MAX = 2_147_483_647;

const GROUPS: Record<string, string[]> = {
  mailbox: ['capacity'],
  placement: ['role', 'strategy'],
  durable: ['sync', 'version', 'migrate'],
};
const STRATEGIES = ['hash', 'least-loaded', 'local'];
const OPTION_NAMES = new Set([
  ...['state', 'receive', 'machine', 'onStart', 'onStop', 'onTerminated', 'durable', 'passivateAfterMs', 'mailbox'],
  ...['supervision', 'placement', 'messages'],
]);

/** Every fault of a definition, each as `what: expected …; got …`. */
export function validateDefinition(kind: string, definition: unknown): string[] {
  if (!isDefinition(definition)) {
    const other = brandOf(definition, 'definition');
    return [`${kind}: expected what defineActor() returns; got ${other ? otherFormat(other) : inspect(definition)}`];
  }
  const options = definition.options as DefinitionOptions;
  if (typeof options !== 'object' || options === null)
    return [`${kind}: expected an object of options; got ${inspect(options)}`];
  return [
    ...validateShape(kind, options),
    ...validateGroups(kind, options),
    ...validateBounds(kind, options),
    ...validateSupervision(options.supervision, `${kind}.supervision`),
  ];
}

function validateShape(kind: string, options: DefinitionOptions): string[] {
  const faults: string[] = [];
  const expect = (fine: boolean, name: string, what: string, got: unknown): void => {
    if (!fine) faults.push(`${kind}.${name}: expected ${what}; got ${inspect(got)}`);
  };
  for (const name of Object.keys(options))
    if (!OPTION_NAMES.has(name)) faults.push(unknownOption(`${kind}.${name}`, name, OPTION_NAMES));
  if (options.machine === undefined) {
    const handlers = Object.entries(options.receive ?? {});
    expect(isRecord(options.receive), 'receive', 'an object of handlers, or a machine', options.receive);
    for (const [type, handler] of handlers)
      expect(typeof handler === 'function', `receive.${type}`, 'a function', handler);
  } else {
    expect(isMachineLogic(options.machine), 'machine', 'an XState machine or other actor logic', options.machine);
    expect(options.receive === undefined, 'receive', 'nothing beside a machine', options.receive);
    expect(options.state === undefined, 'state', 'nothing beside a machine', options.state);
  }
  for (const name of ['state', 'onStart', 'onStop', 'onTerminated'] as const) {
    expect(options[name] === undefined || typeof options[name] === 'function', name, 'a function', options[name]);
  }
  const schema = options.messages as Partial<StandardSchemaV1> | undefined;
  expect(
    schema === undefined || typeof schema['~standard']?.validate === 'function',
    'messages',
    'a Standard Schema',
    schema,
  );
  return faults;
}

/** Options that are objects of options. */
function validateGroups(kind: string, options: DefinitionOptions): string[] {
  const faults: string[] = [];
  for (const [name, known] of Object.entries(GROUPS)) {
    const group: unknown = options[name as keyof DefinitionOptions];
    if (group === undefined || (name === 'durable' && typeof group === 'boolean')) continue;
    if (!isRecord(group)) faults.push(`${kind}.${name}: expected an object; got ${inspect(group)}`);
    else
      for (const part of Object.keys(group))
        if (!known.includes(part)) faults.push(unknownOption(`${kind}.${name}.${part}`, part, known));
  }
  return faults;
}

function validateBounds(kind: string, options: DefinitionOptions): string[] {
  const faults: string[] = [];
  const within = (name: string, value: unknown, max: number): void => {
    if (value === undefined || (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= max)) return;
    faults.push(`${kind}.${name}: expected a whole number from 1 to ${max}; got ${inspect(value)}`);
  };
  within('mailbox.capacity', options.mailbox?.capacity, MAILBOX_CAPACITY_MAX);
  within('passivateAfterMs', options.passivateAfterMs, PASSIVATE_AFTER_MS_MAX);
  const { role, strategy } = options.placement ?? {};
  if (strategy !== undefined && !STRATEGIES.includes(strategy)) {
    faults.push(`${kind}.placement.strategy: expected one of ${STRATEGIES.join(', ')}; got ${inspect(strategy)}`);
  }
  if (role !== undefined && (typeof role !== 'string' || role === '')) {
    faults.push(`${kind}.placement.role: expected the name of a role; got ${inspect(role)}`);
  }
  return [...faults, ...validateDurable(kind, options.durable)];
}

function validateDurable(kind: string, durable: DefinitionOptions['durable']): string[] {
  if (!isRecord(durable)) return [];
  const { sync, version, migrate } = durable as DurableOptions;
  const faults: string[] = [];
  if (sync !== undefined && typeof sync !== 'boolean')
    faults.push(`${kind}.durable.sync: expected true or false; got ${inspect(sync)}`);
  if (version !== undefined && !(Number.isInteger(version) && version >= 1))
    faults.push(`${kind}.durable.version: expected a whole number from 1 on; got ${inspect(version)}`);
  if (migrate !== undefined && !isRecord(migrate))
    return [...faults, `${kind}.durable.migrate: expected functions by version; got ${inspect(migrate)}`];
  for (const [from, step] of Object.entries(migrate ?? {})) {
    const isVersion = /^[1-9]\d*$/.test(from) && Number(from) < (version ?? 1);
    if (!isVersion)
      faults.push(`${kind}.durable.migrate: expected versions below ${version ?? 1}; got ${inspect(from)}`);
    if (typeof step !== 'function')
      faults.push(`${kind}.durable.migrate.${from}: expected a function; got ${inspect(step)}`);
  }
  return faults;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
