/** A whole system in the test's own process, on a clock that stands still until the test moves it. */
import type { ActorDefinition } from '../actor/definition.ts';
import { type MemoryDisk, MemoryStore } from '../store/memory-store.ts';
import type { Store } from '../store/store.ts';
import { openLog } from '../observe/log.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import { behavioursOf } from '../worker/load-actors.ts';
import { LocalProcess } from '../process/local-process.ts';
import type { System } from '../system/system.ts';
import { type Probe, PROBE_KIND, Probes } from './probe.ts';
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
  /** What durable actors keep. Given to another test system, with the same clock, it stands for a restart. Default: an empty one. */
  disk?: MemoryDisk;
  /** Default `silent`. */
  log?: string;
}

export interface TestSystem {
  readonly system: System;
  readonly clock: VirtualClock;
  /** What its durable actors keep. */
  readonly disk: MemoryDisk;
  /** Lets the time pass: timers run one by one, and what they set going ends before the next one. */
  advance(ms: number): Promise<void>;
  /** Lets everything run that waits for no timer. */
  settle(): Promise<void>;
  /** An actor that the test plays, `probe/<name>`. */
  probe(name?: string): Probe;
  /** `system.shutdown()`, and the time for it. */
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
 * As `createSystem({ workers: 0, actors })`, but its timers run when `advance(ms)` says so, and it does not keep the process
 * alive: a test that fails before its `shutdown()` ends all the same.
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

/** Throws where the test has a kind of that name itself. */
export function withProbes<M extends ReadonlyMap<string, ReturnType<Probes['behaviour']>>>(
  behaviours: M,
  probes: Probes,
): Map<string, ReturnType<Probes['behaviour']>> {
  if (behaviours.has(PROBE_KIND)) {
    throw new TroupeError(
      'INVALID_OPTIONS',
      `actors: expected no kind '${PROBE_KIND}', which the probes have; got one`,
    );
  }
  return new Map([...behaviours, [PROBE_KIND, probes.behaviour()]]);
}
