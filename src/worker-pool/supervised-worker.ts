/** One worker as its supervisor sees it: its life, its present process, and when it last gave a sign of life. */
import { RestartIntensity } from '../supervision/restart-intensity.ts';
import type { SupervisionPolicy } from '../supervision/supervision-options.ts';
import type { KindTerms, WorkerInfo, WorkerLoad } from '../wire/control.ts';
import type { Participant } from './process-membership.ts';
import type { WorkerProcess } from './worker-host.ts';
import { WorkerLife } from './worker-machine.ts';

const NO_LOAD: WorkerLoad = { actors: 0, mailbox: 0, heapBytes: 0, rssBytes: 0 };

export class SupervisedWorker {
  readonly index: number;
  readonly role: string;
  readonly life: WorkerLife = new WorkerLife();
  intensity: RestartIntensity;
  process: WorkerProcess | undefined;
  participant: Participant | undefined;
  load: WorkerLoad = NO_LOAD;
  /** On `Clock.now()`. */
  lastSignAt = 0;
  startedAt = 0;
  /** Why its present process cannot go on, where that is known before its exit. */
  trouble: Error | undefined;
  /** It tries new code out: it becomes part of the system, and hosts, only when it is told to. */
  isTrial = false;
  /** Of the code that its process has loaded. */
  kinds: Readonly<Record<string, KindTerms>> = {};
  /** Its end is wanted: it is not forked again. */
  isLeaving = false;
  /** Its end is wanted, and that it is forked again at once. */
  isReplaced = false;
  /** Waiting for it to be ready, or to be gone for good. */
  readonly whenReady: { resolve(): void; reject(error: Error): void }[] = [];
  readonly whenLoaded: { resolve(kinds: Readonly<Record<string, KindTerms>>): void; reject(error: Error): void }[] = [];
  readonly whenGone: (() => void)[] = [];

  constructor(index: number, role: string, { intensity, periodMs }: SupervisionPolicy) {
    this.index = index;
    this.role = role;
    this.intensity = new RestartIntensity(intensity, periodMs);
  }

  get isRunning(): boolean {
    return this.process !== undefined;
  }

  info(): WorkerInfo {
    const { state, incarnation, restarts } = this.life;
    return {
      index: this.index,
      pid: this.process?.pid ?? 0,
      role: this.role,
      state: state === 'stopped' ? 'given-up' : state,
      incarnation,
      restarts,
      ...this.load,
    };
  }
}
