/**
 * Keeps the workers running: forks them, watches for exits and hangs, restarts with backoff within the intensity, gives
 * up past it. The policies are those of actors (supervision/); here they are carried out on processes.
 */
import { backoffMs } from '../supervision/backoff.ts';
import { RestartIntensity } from '../supervision/restart-intensity.ts';
import type { SupervisionPolicy } from '../supervision/supervision-options.ts';
import { LAST_ANSWER_MS } from '../vocabulary/shutdown-times.ts';
import type { Clock, Timer } from '../vocabulary/clock.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import type { Log } from '../observe/log.ts';
import type { KindTerms, ToMaster, WorkerInfo } from '../wire/control.ts';
import type { Participant } from './process-membership.ts';
import { SupervisedWorker } from './supervised-worker.ts';
import type { WorkerExit, WorkerHost } from './worker-host.ts';

/** Milliseconds from fork to ready; a worker that takes longer is killed and counts as having failed. */
export const START_MS_MAX = 60_000;

/** Milliseconds for the servers of a worker that is replaced to answer what they were asked; then it is ended. */
export const RETIRE_MS_MAX = 5_000;

export interface SupervisorOptions {
  readonly host: WorkerHost;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly policy: SupervisionPolicy;
  /** Milliseconds without a sign of life after which a worker is killed. */
  readonly hangMs: number;
  /** Beyond it the incarnations of the processes count. Default 0. */
  readonly incarnationsFrom?: number;
}

/** The listener through which the rest of the master hears of it. */
export interface SupervisorListener {
  message(worker: SupervisedWorker, participant: Participant, message: ToMaster): void;
  /** Called before anything is decided about a restart: what lived there gets new hosts first. */
  exited(worker: SupervisedWorker, participant: Participant, exit: WorkerExit): void;
  givenUp(worker: SupervisedWorker): void;
  changed(): void;
}

export class WorkerSupervisor {
  readonly #options: SupervisorOptions;
  readonly #listener: SupervisorListener;
  readonly #workers = new Map<number, SupervisedWorker>();
  #lastIndex = 0;
  #isStopping = false;
  #isStopped = false;
  #hangTimer: Timer | undefined;

  constructor(options: SupervisorOptions, listener: SupervisorListener) {
    this.#options = options;
    this.#listener = listener;
    this.#checkHangsLater();
  }

  get(index: number): SupervisedWorker | undefined {
    return this.#workers.get(index);
  }

  all(): SupervisedWorker[] {
    return [...this.#workers.values()];
  }

  /** Without those whose end was wanted and has come: there is no such worker any more. */
  infos(): WorkerInfo[] {
    return this.all().flatMap((worker) => (worker.life.state === 'stopped' ? [] : [worker.info()]));
  }

  /** A new worker, forked. Throws where forking is not possible. One that tries code out is not forked again. */
  add(role: string, isTrial = false): SupervisedWorker {
    const worker = new SupervisedWorker(++this.#lastIndex, role, this.#options.policy);
    worker.isTrial = isTrial;
    worker.isLeaving = isTrial;
    this.#workers.set(worker.index, worker);
    this.#fork(worker);
    return worker;
  }

  /** One that was given up gets another chance. */
  revive(worker: SupervisedWorker): void {
    const { intensity, periodMs } = this.#options.policy;
    worker.intensity = new RestartIntensity(intensity, periodMs);
    worker.life.send({ type: 'fork' });
    this.#fork(worker);
  }

  /** Resolves to the kinds of the code that a worker has loaded. */
  loaded(worker: SupervisedWorker): Promise<Readonly<Record<string, KindTerms>>> {
    return new Promise((resolve, reject) => worker.whenLoaded.push({ resolve, reject }));
  }

  hasLoaded(worker: SupervisedWorker, kinds: Readonly<Record<string, KindTerms>>): void {
    worker.kinds = kinds;
    for (const { resolve } of worker.whenLoaded.splice(0)) resolve(kinds);
  }

  /** Ends one that hosts nothing, at once. */
  async dismiss(worker: SupervisedWorker): Promise<void> {
    worker.isLeaving = true;
    worker.process?.kill('SIGKILL');
    await this.gone(worker);
    this.forget(worker);
  }

  /** Resolves when the worker is ready. */
  ready(worker: SupervisedWorker): Promise<void> {
    const { state } = worker.life;
    if (state === 'ready') return Promise.resolve();
    const isReady = new Promise<void>((resolve, reject) => worker.whenReady.push({ resolve, reject }));
    // It never will be: it ended before anybody asked.
    if (state === 'stopped' || state === 'given-up') this.#reject(worker, 'its end', worker.trouble);
    return isReady;
  }

  /** Resolves when the process of a worker that is leaving has ended. */
  gone(worker: SupervisedWorker): Promise<void> {
    if (!worker.isRunning) return Promise.resolve();
    return new Promise((resolve) => worker.whenGone.push(resolve));
  }

  /** It hosts nothing new from now on. */
  drain(worker: SupervisedWorker): void {
    worker.life.send({ type: 'drain' });
    this.#listener.changed();
  }

  undrain(worker: SupervisedWorker): void {
    worker.life.send({ type: 'undrain' });
    this.#listener.changed();
  }

  /** Ends a worker that hosts nothing any more, for good. Resolves when its process has ended. */
  async retire(worker: SupervisedWorker): Promise<void> {
    worker.isLeaving = true;
    await this.endGently(worker);
  }

  /** Lets the servers of a process that hosts nothing any more answer what they were asked. Resolves when it has ended. */
  async endGently(worker: SupervisedWorker): Promise<void> {
    const { clock } = this.#options;
    const { process, participant } = worker;
    if (!process) return;
    const gone = this.gone(worker);
    participant?.channel.send({ type: 'retire' });
    const timers = [
      clock.setTimer(LAST_ANSWER_MS, () => process.retire()),
      clock.setTimer(RETIRE_MS_MAX, () => participant?.channel.send({ type: 'exit' })),
      clock.setTimer(RETIRE_MS_MAX * 2, () => process.kill('SIGKILL')),
    ];
    await gone;
    for (const timer of timers) timer.cancel();
  }

  becameReady(worker: SupervisedWorker): void {
    worker.life.send({ type: 'ready' });
    for (const { resolve } of worker.whenReady.splice(0)) resolve();
    this.#listener.changed();
  }

  /** It cannot start at all: those who wait are told, and it is not tried again. */
  cannotStart(worker: SupervisedWorker, error: Error): void {
    const isFirst = worker.life.restarts === 0;
    worker.isLeaving ||= isFirst;
    for (const { reject } of [...worker.whenLoaded.splice(0), ...worker.whenReady.splice(0)]) reject(error);
    worker.trouble = error;
    this.#options.log.error({ worker: worker.index, err: error }, 'a worker cannot start');
    worker.process?.kill('SIGKILL');
  }

  forget(worker: SupervisedWorker): void {
    this.#workers.delete(worker.index);
    // One that was removed between two processes: whoever waits for the next one waits in vain.
    this.#reject(worker, 'its end');
    this.#listener.changed();
  }

  /** A worker that ends from now on stays ended; one that hangs is still killed. */
  restartNoMore(): void {
    this.#isStopping = true;
    for (const worker of this.all()) if (!worker.process) this.#reject(worker, 'the shutdown of the system');
  }

  /** Exits are expected from now on. */
  stop(): void {
    this.restartNoMore();
    this.#isStopped = true;
    this.#hangTimer?.cancel();
  }

  #fork(worker: SupervisedWorker): void {
    const { host, clock } = this.#options;
    const { index, role } = worker;
    const incarnation = (this.#options.incarnationsFrom ?? 0) + worker.life.incarnation;
    const forked = host.fork({ index, incarnation, role });
    const participant: Participant = {
      index,
      incarnation,
      role,
      pid: forked.pid,
      channel: forked.channel,
      path: undefined,
      isLinked: false,
    };
    worker.process = forked;
    worker.kinds = {};
    worker.participant = participant;
    worker.trouble = undefined;
    worker.startedAt = clock.now();
    worker.lastSignAt = worker.startedAt;
    forked.channel.onMessage((message) => {
      // The worker's last messages may be read after its exit was handled; by then they mean nothing.
      if (worker.process !== forked) return;
      worker.lastSignAt = clock.now();
      if (message.type === 'heartbeat') worker.load = message.load;
      this.#listener.message(worker, participant, message);
    });
    forked.onExit((exit) => this.#exited(worker, participant, exit));
    this.#listener.changed();
  }

  #exited(worker: SupervisedWorker, participant: Participant, exit: WorkerExit): void {
    const { clock, log } = this.#options;
    worker.process = undefined;
    worker.load = { actors: 0, mailbox: 0, heapBytes: 0, rssBytes: 0 };
    const isWanted = worker.isLeaving || this.#isStopping;
    if (!isWanted && !worker.isReplaced)
      log.warn({ worker: worker.index, pid: participant.pid, ...exit }, 'a worker has ended');
    this.#listener.exited(worker, participant, exit);
    for (const done of worker.whenGone.splice(0)) done();
    if (isWanted) this.#stopped(worker, exit);
    else if (worker.isReplaced) this.#forkAnew(worker);
    else if (worker.intensity.record(clock.now())) this.#restartLater(worker);
    else this.#giveUp(worker, exit);
    this.#listener.changed();
  }

  #stopped(worker: SupervisedWorker, exit: WorkerExit): void {
    worker.life.send({ type: 'exited', next: 'stopped' });
    this.#reject(worker, `its end (${nameOfExit(exit)})`);
  }

  /** Not one of the restarts that its intensity counts. */
  #forkAnew(worker: SupervisedWorker): void {
    worker.isReplaced = false;
    worker.life.send({ type: 'exited', next: 'backing-off' });
    worker.life.send({ type: 'fork' });
    this.#fork(worker);
  }

  #restartLater(worker: SupervisedWorker): void {
    const { clock, policy, random } = this.#options;
    worker.life.send({ type: 'exited', next: 'backing-off' });
    clock.setTimer(backoffMs(policy.backoff, worker.intensity.restarts(clock.now()), random()), () => {
      if (this.#isStopping || worker.isLeaving) return;
      worker.life.send({ type: 'fork' });
      this.#fork(worker);
    });
  }

  #giveUp(worker: SupervisedWorker, exit: WorkerExit): void {
    const { log, policy } = this.#options;
    const { index, role, trouble } = worker;
    const why = trouble?.message ?? nameOfExit(exit);
    worker.life.send({ type: 'exited', next: 'given-up' });
    log.error({ worker: index, role, err: trouble }, `a worker is given up; its last process: ${why}`);
    const restarts = `${policy.intensity} restarts within ${policy.periodMs} ms`;
    this.#reject(worker, `more than its ${restarts}; the last process: ${why}`, trouble);
    this.#listener.givenUp(worker);
  }

  #reject(worker: SupervisedWorker, got: string, cause?: Error): void {
    const error = new TroupeError('NO_WORKER', `worker ${worker.index} did not become ready: ${got}`, { cause });
    for (const { reject } of [...worker.whenLoaded.splice(0), ...worker.whenReady.splice(0)]) reject(error);
  }

  #checkHangsLater(): void {
    const { clock, hangMs } = this.#options;
    const everyMs = Math.max(10, hangMs / 4);
    const dueAt = clock.now() + everyMs;
    this.#hangTimer = clock.setTimer(everyMs, () => {
      if (this.#isStopped) return;
      // Where this loop itself was held up, the signs of life are waiting to be read: they get their chance first.
      const isLate = clock.now() - dueAt > everyMs;
      if (!isLate) for (const worker of this.all()) this.#checkHang(worker);
      this.#checkHangsLater();
    });
  }

  /** A worker that hangs is killed first; what lived there moves when its exit is seen, never before. */
  #checkHang(worker: SupervisedWorker): void {
    if (!worker.process) return;
    const { clock, hangMs, log } = this.#options;
    const isStarting = worker.life.state === 'starting';
    const silentMs = clock.now() - worker.lastSignAt;
    const limitMs = isStarting && !worker.participant?.path ? START_MS_MAX : hangMs;
    const isStuck = isStarting && clock.now() - worker.startedAt > START_MS_MAX;
    if (silentMs <= limitMs && !isStuck) return;
    worker.trouble ??= new Error(
      isStuck ? `not ready within ${START_MS_MAX} ms` : `silent for ${Math.round(silentMs)} ms`,
    );
    log.error({ worker: worker.index, pid: worker.process.pid, silentMs }, 'a worker hangs and is killed');
    worker.process.kill('SIGKILL');
  }
}

function nameOfExit({ code, signal }: WorkerExit): string {
  return signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
}
