/** A whole system in the test's own process, on a clock that only the test moves. */
import type { ActorDefinition } from '../actor/definition.ts';
import { type MemoryDisk, MemoryStore } from '../store/memory-store.ts';
import type { Store } from '../store/store.ts';
import { openLog } from '../observe/log.ts';
import { behavioursOf } from '../worker/load-actors.ts';
import { LocalProcess } from '../process/local-process.ts';
import type { System } from '../system/system.ts';
import { type Probe, Probes, withProbes } from '../doubles/probe.ts';
import { seededRandom } from '../doubles/seeded-random.ts';
import { VirtualClock } from '../doubles/virtual-clock.ts';

/** Options of `createTestSystem`. */
export interface TestSystemOptions {
  /** The definitions by kind; `probe` is the kind of the probes. */
  actors: Record<string, ActorDefinition>;
  /** The clock that the test moves. Default: a new one, whose wall begins at the real time. */
  clock?: VirtualClock;
  /** Whole number that decides what is random, the jitter of a backoff. Default 1. */
  seed?: number;
  /** Milliseconds on the test's clock: the default deadline of an ask. Default 5 000. */
  askTimeoutMs?: number;
  /** Bytes of the largest encoded message. Default 16 MiB. */
  messageBytesMax?: number;
  /**
   * Of durable actors. Default: one in memory, gone with the system.
   *
   * @internal
   */
  store?: Store;
  /** The disk of durable actors. Given to another test system, with the same clock, it stands for a restart. Default: an empty one. */
  disk?: MemoryDisk;
  /** Level of the log. Default `silent`. */
  log?: string;
}

/** A system for tests, by `createTestSystem`. Its functions may be taken out of it. */
export interface TestSystem {
  /** The system, as everywhere. */
  readonly system: System;
  /** The clock that the test moves. */
  readonly clock: VirtualClock;
  /** The disk of its durable actors; given to another test system it stands for a restart. */
  readonly disk: MemoryDisk;
  /**
   * Lets so many milliseconds pass: timers run one by one, in order, and what each sets going ends before the next one.
   *
   * @example
   * ```ts
   * await advance(30_000);
   * ```
   */
  advance(ms: number): Promise<void>;
  /**
   * Lets everything run that waits for no timer.
   *
   * @example
   * ```ts
   * system.tell('counter/a', { type: 'add', by: 2 });
   * await settle();
   * ```
   */
  settle(): Promise<void>;
  /**
   * An actor that the test plays, `probe/<name>`. The same name gives the same one; default: the next number.
   *
   * @example
   * ```ts
   * const mailer = probe('mailer');
   * ```
   */
  probe(name?: string): Probe;
  /**
   * `system.shutdown()`, and the time for it: every `onStop` runs.
   *
   * @example
   * ```ts
   * await shutdown();
   * ```
   */
  shutdown(): Promise<void>;
}

/** When the last system of a disk began, on the wall clock: no two begin at the same moment, whatever the clock says. */
const begins = new WeakMap<MemoryDisk, number>();

function beginOn(disk: MemoryDisk, clock: VirtualClock): number {
  const startedAt = Math.max(clock.wall(), (begins.get(disk) ?? 0) + 1);
  begins.set(disk, startedAt);
  return startedAt;
}

/** Milliseconds that a shutdown may take on the clock of the test. */
const SHUTDOWN_MS = 10_000;

/**
 * A system in the test's process, as `createSystem({ workers: 0, actors })` gives, on a clock that only the test moves: timers run when
 * `advance(ms)` says so. Messages are checked and frozen. It does not keep the process alive: a test that fails before its `shutdown()` ends all the
 * same.
 *
 * @throws TroupeError INVALID_OPTIONS, naming every fault of the definitions.
 * @example
 * ```ts
 * const { system, probe, advance, shutdown } = createTestSystem({ actors: { reminder } });
 * const user = probe('user');
 * system.tell('reminder/a', { type: 'in', ms: 30_000, to: user.id });
 * await advance(30_000);
 * await user.expectMessage('ring');
 * await shutdown();
 * ```
 */
export function createTestSystem(options: TestSystemOptions): TestSystem {
  const { actors, clock = new VirtualClock(), disk = new Map(), seed = 1, log = 'silent' } = options;
  const { askTimeoutMs = 5_000, messageBytesMax = 16 * 1024 * 1024 } = options;
  const probes = new Probes((isSo, ms) => clock.advanceUntil(isSo, ms));
  const { system } = new LocalProcess({
    name: 'test',
    clock,
    random: seededRandom(seed),
    log: openLog(log, {}),
    limits: { askTimeoutMs, messageBytesMax, checkMessages: true },
    shutdownMs: SHUTDOWN_MS,
    store: options.store ?? new MemoryStore(disk),
    startedAt: beginOn(disk, clock),
    holdsProcess: false,
    behaviours: withProbes(
      behavioursOf(Object.entries(actors), (kind) => `actors.${kind}`),
      probes,
    ),
  });
  return {
    system,
    clock,
    disk,
    advance: (ms) => clock.advance(ms),
    settle: () => clock.settle(),
    probe: (name) => probes.probe(name),
    shutdown: async () => {
      let isDown = false;
      const down = system.shutdown().finally(() => {
        isDown = true;
      });
      await clock.advanceUntil(() => isDown, SHUTDOWN_MS * 2);
      await down;
    },
  };
}
