/** A whole system in one process: no master, no links; the kernel is all there is. */
import type { Behaviour } from '../actor/behaviour.ts';
import type { Kernel, KernelLimits } from '../actor/kernel.ts';
import type { LocalActors } from '../actor/local-actors.ts';
import { refuseUnknownKind } from '../actor/refusals.ts';
import type { PastPlace } from '../observe/past-place.ts';
import type { PlacementView } from '../observe/placement-view.ts';
import type { BlockedLoop } from '../observe/checkup.ts';
import { LoopWatch } from '../observe/loop-watch.ts';
import type { Log } from '../observe/log.ts';
import type { Spans } from '../observe/spans.ts';
import type { Trace } from '../observe/trace.ts';
import { shardOf } from '../placement/shard.ts';
import { kindOf } from '../vocabulary/address.ts';
import type { Clock } from '../vocabulary/clock.ts';
import type { Envelope } from '../vocabulary/envelope.ts';
import { asError, TroupeError } from '../vocabulary/errors.ts';
import type { Recipient } from '../vocabulary/recipient.ts';
import { GATEWAYS_MS, LAST_WORDS_MS, MAIL_SHARE, STORE_CLOSE_MS, within } from '../vocabulary/shutdown-times.ts';
import type { Signal } from '../vocabulary/signal.ts';
import type { MachineInfo } from '../observe/machine-info.ts';
import type { MasterRequest, WorkerInfo } from '../wire/control.ts';
import type { Look } from '../wire/process-query.ts';
import { answerLook } from '../inspection/inspections.ts';
import { processMetrics, type SystemMetrics, systemMetrics } from '../system/metrics.ts';
import { newDurability, type ProcessDurability } from '../durability/process-durability.ts';
import type { Store } from '../store/store.ts';
import type { TurnJournal } from '../journal/turn-journal.ts';
import { tracedRouter } from '../routing/traced-router.ts';
import { newKernel } from './new-kernel.ts';
import { type KeptPauses, LocalPauses } from './local-pauses.ts';
import { guardOutputs } from './served-mail.ts';
import { type ClusterPort, ProcessSystem } from '../system/process-system.ts';
import type { ProcessIdentity } from '../system/process-identity.ts';
import type { SpawnOptions } from '../system/system.ts';

export interface LocalProcessOptions {
  name: string;
  clock: Clock;
  random: () => number;
  log: Log;
  /** Default: to the log, what `TROUPE_TRACE` names. */
  trace?: Trace;
  /** Default: nobody traces. */
  spans?: Spans | undefined;
  limits: KernelLimits;
  shutdownMs: number;
  behaviours: ReadonlyMap<string, Behaviour>;
  /** Of durable actors; without one there are none. */
  store?: Store;
  /** Default: one in memory, where nobody has died before. */
  journal?: TurnJournal;
  /** See `ProcessParts.isLeased`. */
  isLeased?: boolean | undefined;
  /** Pauses that hold from the beginning, and who keeps them. Default: none, and they end with the system. */
  pauses?: KeptPauses | undefined;
  /** When the system began; later than any before it on the same store. Default: now. */
  startedAt?: number;
  /** Durable actors in memory, at most. */
  durableInMemoryMax?: number;
  /** The process lives as long as the system runs. Default true. */
  holdsProcess?: boolean;
  /** After the shutdown. */
  ended?: () => Promise<void> | void;
  /** Behind that, once the store is closed: of one that does not answer the shutdown does not wait for it. */
  storeClosed?: () => Promise<void> | undefined;
}

/** Milliseconds between two looks at whether the process has become idle. */
const IDLE_POLL_MS = 5;

export class LocalProcess implements ClusterPort {
  readonly self: ProcessIdentity = { worker: 0, role: 'master', pid: process.pid };
  readonly system: ProcessSystem;
  readonly kernel: Kernel;
  readonly actors: LocalActors;
  readonly #shutdownMs: number;
  readonly #durability: ProcessDurability | undefined;
  readonly #ended: LocalProcessOptions['ended'];
  readonly #storeClosed: LocalProcessOptions['storeClosed'];
  /** Keeps the process alive while the system runs: its own timers do not. */
  readonly #alive: NodeJS.Timeout | undefined;
  readonly #loop: LoopWatch;
  readonly #pauses: LocalPauses;
  #down: Promise<void> | undefined;

  constructor(options: LocalProcessOptions) {
    const { clock, random, log, limits, behaviours, name } = options;
    const startedAt = options.startedAt ?? clock.wall();
    const parts = {
      worker: 0,
      incarnation: 1,
      clock,
      random,
      log,
      limits,
      behaviours,
      startedAt,
      trace: options.trace,
      spans: options.spans,
      epoch: () => 1,
      isLeased: options.isLeased,
    };
    const { kernel, actors } = newKernel(parts);
    kernel.router = tracedRouter(new LocalRouter(actors), kernel.trace, () => 0);
    guardOutputs(kernel);
    this.kernel = kernel;
    this.#loop = new LoopWatch(clock);
    this.actors = actors;
    this.#pauses = new LocalPauses(actors, options.pauses);
    this.#shutdownMs = options.shutdownMs;
    this.#alive = options.holdsProcess === false ? undefined : setInterval(() => {}, 2 ** 30);
    this.#ended = options.ended;
    this.#storeClosed = options.storeClosed;
    this.#durability = newDurability(actors, {
      store: options.store,
      journal: options.journal,
      startedAt,
      inMemoryMax: options.durableInMemoryMax,
      toRef: (id) => this.system.ref(id),
      isOurs: (id) => behaviours.get(kindOf(id))?.durable !== undefined,
    });
    this.system = new ProcessSystem(name, kernel, actors, this, this.#durability);
    this.#durability?.takeOver();
  }

  machines(): MachineInfo[] {
    return [];
  }

  workers(): WorkerInfo[] {
    return [];
  }

  async request(what: MasterRequest): Promise<unknown> {
    if (this.kernel.closing)
      throw new TroupeError('SHUTTING_DOWN', `the system is shutting down; ${what.kind} rejected`);
    if (what.kind === 'pause') return this.#pauses.pause(what.pattern, what.reason);
    if (what.kind === 'resume') return this.#pauses.resume(what.pattern, what.perSecond);
    throw new TroupeError('NO_WORKER', `the system has no workers (workers: 0); ${what.kind} rejected`);
  }

  claim(_id: string, options: SpawnOptions): Promise<void> | undefined {
    if (options.placement === undefined || options.placement.worker === 0) return undefined;
    return Promise.reject(
      new TroupeError(
        'NO_WORKER',
        `the system has no workers (workers: 0); nothing can be placed by ${JSON.stringify(options.placement)}`,
      ),
    );
  }

  async metrics(): Promise<SystemMetrics> {
    return systemMetrics(
      [
        processMetrics(this.actors, this.self.role, {
          ...{ loop: this.#loop, commits: this.#durability?.commits },
          links: [],
        }),
      ],
      this.#pauses.all,
    );
  }

  hostOf(): number {
    return 0;
  }

  async look(what: Look): Promise<unknown[]> {
    const { actors } = this;
    const process = { actors, store: this.#durability?.store, isHostOf: () => true };
    return [await answerLook(process, what)];
  }

  /** Nothing moves. */
  pastPlaces(): PastPlace[] {
    return [];
  }

  /** All actors are here. */
  async placement(): Promise<PlacementView> {
    return { epoch: 1, columns: {}, kinds: {}, pins: { count: 0, first: [] }, moves: [] };
  }

  /** Where its own loop is blocked, this one does not answer either. */
  async blockedLoops(): Promise<BlockedLoop[]> {
    return [];
  }

  shutdown({ timeoutMs = this.#shutdownMs }: { timeoutMs?: number }): Promise<void> {
    this.#down ??= this.#shutDown(timeoutMs);
    return this.#down;
  }

  async #shutDown(timeoutMs: number): Promise<void> {
    const { actors, kernel } = this;
    const { clock, pending } = kernel;
    const startedAt = clock.now();
    kernel.closing = true;
    kernel.pauses?.refuseAsks('the system is shutting down, and the actor is paused');
    const gateways = kernel.gateways.close();
    await this.#untilIdle(startedAt + timeoutMs * MAIL_SHARE);
    const stopped = this.#stopActors(startedAt + timeoutMs);
    let late = { cancel: (): void => {} };
    const deadline = new Promise<void>((resolve) => {
      late = clock.setTimer(startedAt + timeoutMs - clock.now(), resolve);
    });
    await Promise.race([stopped, deadline]);
    late.cancel();
    actors.close();
    this.#loop.close();
    kernel.timing?.close();
    for (const id of actors.ids()) actors.endAtOnce(id);
    await stopped;
    pending.rejectAll('SHUTTING_DOWN', 'the system has shut down before the reply');
    pending.close();
    await within(clock, GATEWAYS_MS, gateways);
    const closed = this.#durability?.close() ?? Promise.resolve();
    const isClosed = await within(clock, STORE_CLOSE_MS, closed);
    clearInterval(this.#alive);
    await this.#ended?.();
    const released = closed.then(() => this.#storeClosed?.());
    if (isClosed) return released;
    // A shutdown is not to wait for a disk that does not answer.
    released.catch((error) => kernel.log.error({ err: asError(error) }, 'the store could not be closed'));
    kernel.log.error({}, `the store has not closed within ${STORE_CLOSE_MS} ms; its dataDir is taken until it has`);
  }

  /** Once more for those that the last words of others have activated. */
  async #stopActors(until: number): Promise<void> {
    const { clock } = this.kernel;
    while ((await this.actors.stopAll()) > 0 && clock.now() < until) {
      // Actors may mail each other without end: timers and sockets have their turn.
      await new Promise<void>((resolve) => clock.defer(resolve));
      await this.#untilIdle(Math.min(until, clock.now() + LAST_WORDS_MS));
    }
  }

  async #untilIdle(until: number): Promise<void> {
    const { clock } = this.kernel;
    while (this.#busy() && clock.now() < until) {
      await new Promise<void>((resolve) => clock.setTimer(IDLE_POLL_MS, resolve));
    }
  }

  #busy(): boolean {
    return this.actors.busy || this.kernel.pending.size > 0 || this.#durability?.isBusy === true;
  }
}

/** `where` is the one question about a place; the actors themselves know none. */
class LocalRouter implements Recipient {
  readonly #actors: LocalActors;

  constructor(actors: LocalActors) {
    this.#actors = actors;
  }

  deliver(envelope: Envelope): boolean {
    if (envelope.verb === 'message') return this.#actors.deliver(envelope);
    const { kernel } = this.#actors;
    // A kind that is misspelt is told of here as it is by a message.
    if (envelope.replyTo !== undefined && !kernel.behaviours.has(kindOf(envelope.to))) {
      refuseUnknownKind(kernel, envelope);
      return true;
    }
    if (envelope.verb !== 'where') return this.#actors.deliver(envelope);
    const active = this.#actors.cellOf(envelope.to) !== undefined;
    envelope.replyTo?.resolve({ worker: 0, pid: process.pid, shard: shardOf(envelope.to), epoch: 1, active });
    return true;
  }

  signal(to: string, signal: Signal): void {
    this.#actors.signal(to, signal);
  }
}
