/** The simulation as tests of other people's actors see it. Tests of this project use the class itself, and all that is inside. */
import type { ActorDefinition } from '../actor/definition.ts';
import type { System } from '../system/system.ts';
import type { Probe } from '../doubles/probe.ts';
import type { ControlMessage, ObservedEvent } from './observation.ts';
import { Simulation as SimulationClass } from './simulation.ts';

/** An event in a simulated cluster, as an observer sees it; `at` is in simulated milliseconds. `traceLine` puts one into words. */
export type SimulationEvent = ObservedEvent<ControlMessage>;

/**
 * Looks on while a simulation runs: called for every control message, frame, and stroke of fate, before what was received is handled.
 *
 * @example
 * ```ts
 * const observe: Observer = (event) => console.log(traceLine(event));
 * ```
 */
export type Observer = (event: SimulationEvent) => void;

/** Options of `Simulation.start`. */
export interface SimulationOptions {
  /** Whole number that decides everything that has no order of its own. The same seed gives the same run, message by message. */
  seed: number;
  /** How many workers, or groups of them by role. */
  workers: number | { role: string; count: number }[];
  /** The definitions by kind; `probe` is the kind of the probes. */
  actors: Record<string, ActorDefinition>;
  /**
   * The function that every worker runs once it is ready, with the system as it is there. Default: none.
   *
   * @example
   * ```ts
   * main: (system) => system.subscribe('orders', (message) => seen.push(message)),
   * ```
   */
  main?: (system: System) => unknown;
  /** Simulated milliseconds that a frame is in flight, at most; a function gives them for a pair of addresses. Default 1. */
  linkMs?: number | ((from: string, to: string) => number);
  /** Frames in flight on a link before its writer has to wait. Default 64. */
  linkFramesMax?: number;
  /** Simulated milliseconds without a sign of life after which the master kills a worker. Default 500. */
  hangMs?: number;
  /** Simulated milliseconds: the default deadline of an ask. Default 5 000. */
  askTimeoutMs?: number;
  /** Looks on from the beginning. Default: nobody does. */
  observe?: Observer;
  /** Level of the log of all processes. Default `silent`. */
  log?: string;
}

/** A process of a simulated worker. One that is forked again is another one, with the same index. */
export interface SimulatedProcess {
  /** Its made-up process id. */
  readonly pid: number;
  /** Index of its worker, from 1. */
  readonly index: number;
  /** 1 for the first process of the worker, one more with each that follows. */
  readonly incarnation: number;
  /** `~<index>.<incarnation>`, as it stands in events. */
  readonly address: string;
  /** False once it has ended. */
  readonly isAlive: boolean;
  /** True between `freeze` and `thaw`. */
  readonly isFrozen: boolean;
  /** `system` is the one that its `main` gets. Undefined before the master has sent the process its orders. */
  readonly process: { readonly system: System } | undefined;
}

/**
 * A whole cluster in the test's process: the real master, workers, links and hand-offs on a seeded scheduler and simulated time.
 * Time passes only in `run` and `until`; a promise of its system never settles without one of them.
 *
 * @example
 * ```ts
 * const simulation = await Simulation.start({ seed: 7, workers: 3, actors: { counter } });
 * const { system } = simulation;
 * await simulation.until(system.move('counter/a', 2));
 * simulation.crash(2);
 * console.log(await simulation.until(system.ask('counter/a', { type: 'get' }))); // state is lost with its worker
 * await simulation.until(system.shutdown());
 * ```
 */
export interface Simulation {
  /** The system as the master sees it. */
  readonly system: System;
  /** `now`: simulated milliseconds; it begins at 1 000. */
  readonly time: { readonly now: number };
  /**
   * Those who look on. `add` gives the function that takes the observer away again.
   *
   * @example
   * ```ts
   * const stop = simulation.observers.add((event) => console.log(traceLine(event)));
   * ```
   */
  readonly observers: { add(observer: Observer): () => void };
  /**
   * Lets time pass until a promise settles, and gives what it gives. Throws where that takes longer than `withinMs`
   * simulated milliseconds, by default 60 000.
   *
   * @example
   * ```ts
   * const count = await simulation.until(simulation.system.ask('counter/a', { type: 'get' }));
   * ```
   */
  until<T>(promise: Promise<T>, withinMs?: number): Promise<T>;
  /**
   * Lets so many simulated milliseconds pass.
   *
   * @example
   * ```ts
   * await simulation.run(100);
   * ```
   */
  run(ms: number): Promise<void>;
  /**
   * The process of a worker that runs now; undefined while there is none.
   *
   * @example
   * ```ts
   * const there = simulation.worker(1)?.process?.system;
   * ```
   */
  worker(index: number): SimulatedProcess | undefined;
  /**
   * The processes of workers that run now.
   *
   * @example
   * ```ts
   * const alive = simulation.workers().map(({ index }) => index);
   * ```
   */
  workers(): SimulatedProcess[];
  /**
   * Puts other code in place: each process that is forked from now on loads it, as `reload()` has them do.
   *
   * @example
   * ```ts
   * simulation.deploy({ counter: nextCounter });
   * await simulation.until(simulation.system.reload());
   * ```
   */
  deploy(actors: Record<string, ActorDefinition>): void;
  /**
   * SIGKILL: the memory of a worker is gone at once, and so may be the last of what it wrote. Nothing happens where it does not run.
   *
   * @example
   * ```ts
   * simulation.crash(2);
   * ```
   */
  crash(index: number): void;
  /**
   * SIGKILL to the master and all workers. Nothing happens in this simulation any more.
   *
   * @example
   * ```ts
   * simulation.crashAll();
   * ```
   */
  crashAll(): void;
  /**
   * SIGSTOP: a worker does nothing until it is thawed; the master kills it once it has been silent for `hangMs`.
   *
   * @example
   * ```ts
   * simulation.freeze(1);
   * await simulation.run(100);
   * simulation.thaw(1);
   * ```
   */
  freeze(index: number): void;
  /**
   * SIGCONT: a frozen worker goes on.
   *
   * @example
   * ```ts
   * simulation.thaw(1);
   * ```
   */
  thaw(index: number): void;
  /**
   * The master and its own data plane do nothing until they are thawed; the workers go on.
   *
   * @example
   * ```ts
   * simulation.freezeMaster();
   * ```
   */
  freezeMaster(): void;
  /**
   * The master goes on.
   *
   * @example
   * ```ts
   * simulation.thawMaster();
   * ```
   */
  thawMaster(): void;
  /**
   * The link between two processes ends: both read what is in flight, and link again. 0 is the master.
   *
   * @example
   * ```ts
   * simulation.cut(1, 2);
   * ```
   */
  cut(one: number, other: number): void;
  /**
   * The link breaks at once: what the first one was sent and has not read is lost. They link again. 0 is the master.
   *
   * @example
   * ```ts
   * simulation.reset(1, 2);
   * ```
   */
  reset(one: number, other: number): void;
  /**
   * Nothing arrives between two processes until `unstall`. 0 is the master.
   *
   * @example
   * ```ts
   * simulation.stall(1, 2);
   * ```
   */
  stall(one: number, other: number): void;
  /**
   * Frames that were stalled between two processes arrive.
   *
   * @example
   * ```ts
   * simulation.unstall(1, 2);
   * ```
   */
  unstall(one: number, other: number): void;
  /**
   * Nothing that the master says arrives at a worker until `unstallOrders`; its links, and what it says itself, go on.
   *
   * @example
   * ```ts
   * simulation.stallOrders(1);
   * ```
   */
  stallOrders(index: number): void;
  /**
   * Control messages of the master that were stalled on the way to a worker arrive.
   *
   * @example
   * ```ts
   * simulation.unstallOrders(1);
   * ```
   */
  unstallOrders(index: number): void;
  /**
   * The machine was asleep for so many milliseconds: all that is due comes late, at once.
   *
   * @example
   * ```ts
   * simulation.jump(3_600_000);
   * ```
   */
  jump(ms: number): void;
  /**
   * Calls `act` once, at the first event that fits; what is received is handled only afterwards, so fate strikes exactly there.
   *
   * @example
   * ```ts
   * simulation.when((event) => event.kind === 'control' && event.message.type === 'hold', () => simulation.crash(1));
   * ```
   */
  when(fits: (event: SimulationEvent) => boolean, act: (event: SimulationEvent) => void): void;
  /**
   * An actor that the test plays, `probe/<name>`, wherever it is placed. The same name gives the same one; default: the next number.
   *
   * @example
   * ```ts
   * const mailer = simulation.probe('mailer');
   * ```
   */
  probe(name?: string): Probe;
  /**
   * The address of the present process of a worker, or of the master for 0; undefined while there is none.
   *
   * @example
   * ```ts
   * const address = simulation.addressOf(1); // '~1.1'
   * ```
   */
  addressOf(index: number): string | undefined;
}

/** `Simulation.start` makes one. */
export interface SimulationStarter {
  /**
   * Starts a simulated cluster. Resolves once its workers are ready.
   *
   * @example
   * ```ts
   * const simulation = await Simulation.start({ seed: 7, workers: 3, actors: { counter } });
   * ```
   */
  start(options: SimulationOptions): Promise<Simulation>;
}

/**
 * Starts simulated clusters.
 *
 * @example
 * ```ts
 * const simulation = await Simulation.start({ seed: 7, workers: 3, actors: { counter } });
 * ```
 */
export const Simulation: SimulationStarter = SimulationClass;
