/**
 * A whole system in one process on a seeded scheduler and a virtual clock: the real master, workers, router, hand-off and
 * kernel over simulated links, forks and time. The same seed gives the same run, message by message.
 */
import { behaviourOf } from '../../actor/behaviour.ts';
import type { ActorDefinition } from '../../actor/definition.ts';
import { Master } from '../../master/master.ts';
import { type Log, openLog } from '../../observe/log.ts';
import { supervisionPolicy } from '../../supervision/supervision-options.ts';
import type { ToMaster, ToProcess } from '../../wire/control.ts';
import { localChannel } from '../../wire/local-channel.ts';
import { MemoryNetwork } from '../../wire/memory-link.ts';
import { ClusterProcess } from '../../worker/cluster-process.ts';
import type { System } from '../../worker/system.ts';
import { seededRandom } from '../seeded-random.ts';
import { type ProcessSeed, SimulatedHost, type SimulatedProcess } from './simulated-host.ts';
import { ProcessClock, SimulatedTime } from './simulated-time.ts';

export interface SimulationOptions {
  seed: number;
  workers: number | { role: string; count: number }[];
  actors: Record<string, ActorDefinition>;
  /** Milliseconds that a frame is under way, at most. Default 1. */
  linkMs?: number;
  hangMs?: number;
  askTimeoutMs?: number;
  log?: string;
}

export class Simulation {
  readonly time: SimulatedTime;
  readonly random: () => number;
  readonly network: MemoryNetwork;
  readonly host: SimulatedHost;
  readonly master: Master;
  /** The system as the master sees it. */
  readonly system: System;
  readonly peer: ClusterProcess;
  readonly #options: SimulationOptions;
  readonly #log: Log;

  private constructor(options: SimulationOptions) {
    const { seed, linkMs = 1, hangMs = 500, workers } = options;
    this.#options = options;
    this.random = seededRandom(seed);
    this.time = new SimulatedTime(this.random);
    this.#log = openLog(options.log ?? 'silent', {});
    const clock = new ProcessClock(this.time);
    this.network = new MemoryNetwork({ clock, delayMs: () => this.random() * linkMs });
    this.host = new SimulatedHost(this.time, this.random, this.network, (process) => this.#process(process));
    const [toMaster, toPeer] = localChannel<ToMaster, ToProcess>(clock);
    const boot = {
      system: 'simulation',
      actors: '',
      socketDir: '',
      token: 'token',
      startedAt: clock.wall(),
      heartbeatMs: hangMs / 5,
      options: {},
    };
    const self = { index: 0, incarnation: 1, role: 'master' };
    this.peer = this.#process({
      boot: { type: 'boot', ...boot, self },
      clock,
      control: toMaster,
      exit: () => void this.peer.close(),
    });
    this.master = new Master({
      host: this.host,
      clock,
      random: this.random,
      log: this.#log,
      policy: supervisionPolicy({ intensity: 1_000, periodMs: 30_000 }),
      hangMs,
      shutdownMs: 10_000,
      groups: typeof workers === 'number' ? [{ role: 'worker', count: workers }] : workers,
      kinds: new Map([...this.#behaviours()].map(([kind, { role, strategy }]) => [kind, { role, strategy }])),
      boot,
      peer: { channel: toPeer, path: 'memory:~0.1' },
    });
    this.system = this.peer.system;
  }

  /** A system whose workers are ready. */
  static async start(options: SimulationOptions): Promise<Simulation> {
    const simulation = new Simulation(options);
    await simulation.peer.listen();
    const started = simulation.master.start();
    await simulation.until(started);
    return simulation;
  }

  /** Runs the machine until a promise settles. */
  async until<T>(promise: Promise<T>, withinMs = 60_000): Promise<T> {
    let isSettled = false;
    const done = (): void => {
      isSettled = true;
    };
    promise.then(done, done);
    const until = this.time.now + withinMs;
    await settle();
    while (!isSettled && this.time.now < until) await this.run(1);
    if (!isSettled) throw new Error(`a promise settles within ${withinMs} simulated ms; got none`);
    return promise;
  }

  /** Lets the machine run for some milliseconds. */
  run(ms: number): Promise<void> {
    return this.time.runUntil(this.time.now + ms, settle);
  }

  worker(index: number): SimulatedProcess | undefined {
    return this.host.running(index);
  }

  /** The present processes of the workers. */
  workers(): SimulatedProcess[] {
    return this.host.processes.filter((process) => process.isAlive);
  }

  #process({ boot, clock, control, exit }: ProcessSeed): ClusterProcess {
    return new ClusterProcess({
      system: 'simulation',
      self: boot.self,
      clock,
      random: this.random,
      log: this.#log,
      limits: { askTimeoutMs: this.#options.askTimeoutMs ?? 5_000, messageBytesMax: 1_000_000, checkMessages: true },
      behaviours: this.#behaviours(),
      startedAt: boot.startedAt,
      heartbeatMs: boot.heartbeatMs,
      token: boot.token,
      network: this.network.host(),
      control,
      exit,
    });
  }

  /** A set of its own for each process, as each loads the modules anew. */
  #behaviours(): Map<string, ReturnType<typeof behaviourOf>> {
    return new Map(
      Object.entries(this.#options.actors).map(([kind, definition]) => [kind, behaviourOf(kind, definition)]),
    );
  }
}

/** Lets promises run. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
