/** A whole system in this process, on a virtual clock, with a log that is kept. */
import { afterEach } from 'vitest';
import type { ActorDefinition } from '../../../src/actor/definition.ts';
import { defineActor } from '../../../src/actor/define-actor.ts';
import type { KernelLimits } from '../../../src/actor/kernel.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import type { Store } from '../../../src/store/store.ts';
import type { Spans } from '../../../src/observe/spans.ts';
import type { Log } from '../../../src/observe/log.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import type { TroupeError } from '../../../src/vocabulary/errors.ts';
import type { DeadLetter, EventName } from '../../../src/vocabulary/events.ts';
import { behavioursOf } from '../../../src/worker/load-actors.ts';
import { LocalProcess } from '../../../src/process/local-process.ts';
import type { System } from '../../../src/system/system.ts';

export interface LoggedLine {
  level: string;
  fields: Record<string, unknown>;
  text: string;
}

export class KeptLog implements Log {
  readonly lines: LoggedLine[] = [];

  debug(fields: object, text: string): void {
    this.lines.push({ level: 'debug', fields: { ...fields }, text });
  }

  info(fields: object, text: string): void {
    this.lines.push({ level: 'info', fields: { ...fields }, text });
  }

  warn(fields: object, text: string): void {
    this.lines.push({ level: 'warn', fields: { ...fields }, text });
  }

  error(fields: object, text: string): void {
    this.lines.push({ level: 'error', fields: { ...fields }, text });
  }

  child(): Log {
    return this;
  }
}

export interface Kit {
  system: System;
  clock: VirtualClock;
  process: LocalProcess;
  log: KeptLog;
  /** Dead letters so far, as `to:type:reason`. */
  dead(): string[];
  /** What was heard of an event since the start. */
  heard(name: EventName): Record<string, unknown>[];
}

const EVENTS: EventName[] = ['actor-started', 'actor-stopped', 'actor-restarted', 'actor-failed', 'dead-letter'];
const running: Kit[] = [];

afterEach(async () => {
  for (const kit of running.splice(0)) {
    const down = kit.system.shutdown({ timeoutMs: 50 });
    await kit.clock.advance(100);
    await down;
  }
});

/** Random 0.5: the backoff has no jitter, so a first restart comes after 50 ms. */
export function startKit(
  actors: Record<string, ActorDefinition>,
  limits: Partial<KernelLimits> = {},
  store: Store = new MemoryStore(),
  more: {
    clock?: VirtualClock;
    startedAt?: number;
    durableInMemoryMax?: number;
    spans?: Spans;
    isLeased?: boolean;
  } = {},
): Kit {
  const { clock = new VirtualClock(), ...rest } = more;
  const log = new KeptLog();
  const process = new LocalProcess({
    name: 'test',
    clock,
    random: () => 0.5,
    log,
    limits: { askTimeoutMs: 5_000, messageBytesMax: 16 * 1024 * 1024, checkMessages: true, ...limits },
    shutdownMs: 10_000,
    store,
    ...rest,
    behaviours: behavioursOf(Object.entries(actors), (kind) => kind),
  });
  const events = new Map<EventName, Record<string, unknown>[]>();
  for (const name of EVENTS) {
    const heard: Record<string, unknown>[] = [];
    events.set(name, heard);
    process.system.on(name, (event) => void heard.push(event as unknown as Record<string, unknown>));
  }
  const { system } = process;
  const kit: Kit = {
    system,
    clock,
    process,
    log,
    dead: () => (events.get('dead-letter') as unknown as DeadLetter[]).map(letterText),
    heard: (name) => events.get(name) ?? [],
  };
  running.push(kit);
  return kit;
}

function letterText({ to, message, reason }: DeadLetter): string {
  return `${to}:${(message as { type: string }).type}:${reason}`;
}

/** The error that a promise is rejected with; throws where it is not. */
export async function errorOf(promise: Promise<unknown>): Promise<TroupeError> {
  const value = await promise.then(
    (got) => ({ got }),
    (error: unknown) => ({ error }),
  );
  if ('error' in value) return value.error as TroupeError;
  throw new Error(`a rejection was expected; got ${JSON.stringify(value.got)}`);
}

/** `code/fate` of a rejection. */
export async function fateOf(promise: Promise<unknown>): Promise<string> {
  const { code, fate } = await errorOf(promise);
  return `${code}/${fate}`;
}

/** The error that a call throws at once. */
export function thrownBy(call: () => unknown): TroupeError {
  try {
    call();
  } catch (error) {
    return error as TroupeError;
  }
  throw new Error('an error was expected to be thrown; got none');
}

/** Something to wait for that a test settles. */
export class Gate {
  readonly opened: Promise<void>;
  open: () => void = () => {};

  constructor() {
    this.opened = new Promise((resolve) => {
      this.open = resolve;
    });
  }
}

export { defineActor };
