/**
 * A behaviour is what a cell runs: a definition with every option resolved, once it is checked (definition-check.ts).
 */
import { type SupervisionPolicy, supervisionPolicy } from '../supervision/supervision-options.ts';
import type { KindTimings } from '../observe/turn-timings.ts';
import type { ExitReason } from '../vocabulary/exit-reason.ts';
import type { StandardSchemaV1 } from '../vocabulary/standard-schema.ts';
import { isThenable } from '../vocabulary/thenable.ts';
import { Scales } from '../plain-data/weight.ts';
import type { Context } from './context.ts';
import type { DefinitionOptions } from './define-actor.ts';
import type { ActorDefinition } from './definition.ts';
import { machineRunner } from './xstate-actor.ts';
import type { MailboxBounds } from './mailbox.ts';
import type { RunHandler, Runner } from './runner.ts';

// Counted where it happens, added up by whoever asks: a plain field costs next to nothing.
/** Counts of one kind in one process, since it began. */
export interface KindCounters {
  /** Actors that came into memory. */
  activations: number;
  /** Messages whose handler ran. */
  messages: number;
  /** Messages whose handler threw. */
  failures: number;
  /** Actors that were started again after a failure. */
  restarts: number;
}

/** How a durable kind is kept. */
export interface Durably {
  readonly sync: boolean;
  readonly version: number;
  readonly migrate: ReadonlyMap<number, (old: unknown) => unknown>;
}

export interface Behaviour extends Runner {
  readonly kind: string;
  readonly counters: KindCounters;
  /** Of its messages. */
  readonly scales: Scales;
  /** Of their mailboxes; undefined until there is one. */
  mailboxes: MailboxBounds | undefined;
  /** Of its turns; undefined while nobody looks. */
  timings: KindTimings | undefined;
  readonly definition: ActorDefinition;
  readonly capacity: number;
  /** Milliseconds; 0: never. */
  readonly passivateAfterMs: number;
  readonly policy: SupervisionPolicy;
  readonly role: string;
  readonly strategy: 'hash' | 'least-loaded' | 'local';
  readonly schema: StandardSchemaV1 | undefined;
  /** Undefined: its state is lost with the process. */
  readonly durable: Durably | undefined;
  readonly onStart: ((ctx: Context<unknown>) => unknown) | undefined;
  readonly onStop: ((ctx: Context<unknown>, reason: ExitReason) => unknown) | undefined;
  readonly onTerminated: ((ctx: Context<unknown>, ended: { id: string; reason: ExitReason }) => unknown) | undefined;
}

export const MAILBOX_CAPACITY = 100_000;
/** Of durable actors; the others stay until they are stopped. */
export const DURABLE_PASSIVATE_AFTER_MS = 300_000;

function durablyOf(durable: DefinitionOptions['durable']): Durably | undefined {
  if (durable === undefined || durable === false) return undefined;
  const { sync = true, version = 1, migrate = {} } = durable === true ? {} : durable;
  return { sync, version, migrate: new Map(Object.entries(migrate).map(([from, step]) => [Number(from), step])) };
}

/** The behaviour of a definition without faults. */
export function behaviourOf(kind: string, definition: ActorDefinition): Behaviour {
  const options = definition.options as DefinitionOptions;
  const durable = durablyOf(options.durable);
  const runner = options.machine === undefined ? handlerRunner(options) : machineRunner(options.machine);
  return {
    ...runner,
    kind,
    counters: { activations: 0, messages: 0, failures: 0, restarts: 0 },
    scales: new Scales(),
    mailboxes: undefined,
    timings: undefined,
    definition,
    capacity: options.mailbox?.capacity ?? MAILBOX_CAPACITY,
    passivateAfterMs: options.passivateAfterMs ?? (durable ? DURABLE_PASSIVATE_AFTER_MS : 0),
    durable,
    policy: supervisionPolicy(options.supervision),
    role: options.placement?.role ?? '',
    strategy: options.placement?.strategy ?? 'hash',
    schema: options.messages,
    onStart: options.onStart,
    onStop: options.onStop,
    onTerminated: options.onTerminated,
  };
}

function handlerRunner(options: DefinitionOptions): Runner {
  // A Map of own properties: names that objects inherit are no message types.
  const handlers = new Map(Object.entries(options.receive ?? {})) as Map<string, RunHandler>;
  // Messages of one type come in runs, and a look-up costs as much as a turn does otherwise (S1).
  let lastType: string | undefined;
  let lastHandler: RunHandler | undefined;
  return {
    begin: (ctx, args) => {
      const state: unknown = options.state?.(ctx.key, args);
      return isThenable(state) ? Promise.resolve(state).then(orEmpty) : orEmpty(state);
    },
    types: [...handlers.keys()],
    handlerOf(type) {
      if (type === lastType) return lastHandler;
      lastType = type;
      lastHandler = handlers.get(type);
      return lastHandler;
    },
  };
}

/** null, 0 and '' are states. */
function orEmpty(state: unknown): unknown {
  return state === undefined ? {} : state;
}
