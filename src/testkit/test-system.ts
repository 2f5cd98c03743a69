/** A whole system in the test's own process, on a clock that stands still until the test moves it. */
import type { ActorDefinition } from '../actor/definition.ts';
import { MemoryStore } from '../durability/memory-store.ts';
import type { Store } from '../durability/store.ts';
import { openLog } from '../observe/log.ts';
import { behavioursOf } from '../worker/load-actors.ts';
import { LocalProcess } from '../worker/local-process.ts';
import type { System } from '../worker/system.ts';
import { seededRandom } from './seeded-random.ts';
import { VirtualClock } from './virtual-clock.ts';

export interface TestSystemOptions {
  actors: Record<string, ActorDefinition>;
  /** Default: a new one. */
  clock?: VirtualClock;
  /** Of what is random: backoff's jitter. Default 1. */
  seed?: number;
  askTimeoutMs?: number;
  messageBytesMax?: number;
  /** Of durable actors. Default: one in memory, gone with the system. */
  store?: Store;
  /** Default `silent`. */
  log?: string;
}

export interface TestSystem {
  readonly system: System;
  readonly clock: VirtualClock;
}

/** As `createSystem({ workers: 0, actors })`, but its timers run when `clock.advance(ms)` says so. */
export function createTestSystem(options: TestSystemOptions): TestSystem {
  const { actors, clock = new VirtualClock(), seed = 1, log = 'silent' } = options;
  const { askTimeoutMs = 5_000, messageBytesMax = 16 * 1024 * 1024 } = options;
  const { system } = new LocalProcess({
    name: 'test',
    clock,
    random: seededRandom(seed),
    log: openLog(log, {}),
    limits: { askTimeoutMs, messageBytesMax, checkMessages: true },
    shutdownMs: 10_000,
    store: options.store ?? new MemoryStore(),
    behaviours: behavioursOf(Object.entries(actors), (kind) => `actors.${kind}`),
  });
  return { system, clock };
}
