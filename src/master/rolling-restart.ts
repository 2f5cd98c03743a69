/**
 * Workers that come and go while the system runs: drained first, so that nothing is lost, and one change after another.
 *
 *   remove    leave ─► everything moves to others ─► its servers finish ─► exit
 *   restart   the same, then forked again, and its share moves back
 *   reload    restart of each, one after another, with new code: see reload.ts
 */
import type { Clock } from '../vocabulary/clock.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import type { Unit } from '../wire/control.ts';
import type { HandoffService } from './handoff-service.ts';
import type { LiveMoves, MoveLimits } from './live-moves.ts';
import type { PlacementService } from '../placement-service/placement-service.ts';
import { Reload, type ReloadParts } from './reload.ts';
import type { Rebalancing } from './rebalancing.ts';
import type { SupervisedWorker } from '../worker-pool/supervised-worker.ts';
import type { WorkerSupervisor } from '../worker-pool/worker-supervisor.ts';

/** Units that move at a time, in a drain. */
const UNITS_PER_ROUND = 512;
/** Milliseconds past the deadline of a drain for its last hand-offs to end. */
export const DRAIN_GRACE_MS = 15_000;
const ROUND_MS = 10;

/** Codes of faults that no other try mends. */
const FINAL = new Set(['INVALID_MESSAGE', 'MESSAGE_TOO_LARGE', 'UNKNOWN_KIND']);

export interface RollingRestartParts {
  readonly clock: Clock;
  readonly supervisor: WorkerSupervisor;
  readonly placement: PlacementService;
  readonly handoffs: HandoffService;
  readonly moves: LiveMoves;
  /** How long a drain may take before what runs is aborted. */
  readonly drainMs: number;
  readonly isOver: () => boolean;
  /** Nothing waits there any more that was sent from there. */
  readonly isSilent: (worker: SupervisedWorker) => Promise<boolean>;
  /** It hosts after all: its share comes back. */
  readonly stay: (worker: SupervisedWorker) => void;
  readonly rebalancing: Rebalancing;
  /** Parts that a reload needs beside. */
  readonly reload: Pick<ReloadParts, 'log' | 'membership' | 'queries' | 'openStore' | 'admit' | 'join'>;
}

export class RollingRestart {
  readonly #parts: RollingRestartParts;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: RollingRestartParts) {
    this.#parts = parts;
  }

  remove(index: number): Promise<void> {
    return this.#inLine(() => this.#remove(this.#workerAt(index)));
  }

  restart(index: number): Promise<void> {
    return this.#inLine(() => this.#restartOrStandIn(this.#workerAt(index)));
  }

  reload(): Promise<void> {
    const replace = (worker: SupervisedWorker): Promise<void> => this.#restartOrStandIn(worker);
    const remove = (worker: SupervisedWorker): Promise<void> => this.#remove(worker);
    const { reload } = this.#parts;
    return this.#inLine(() => new Reload({ ...this.#parts, ...reload, replace, remove }).run());
  }

  #inLine<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => {});
    return mine;
  }

  #workerAt(index: number): SupervisedWorker {
    const worker = this.#parts.supervisor.get(index);
    if (worker) return worker;
    const known = this.#parts.supervisor.all().map((one) => one.index);
    throw new TroupeError('NO_WORKER', `there is no worker ${index}; the workers are ${known.join(', ')}`);
  }

  async #remove(worker: SupervisedWorker): Promise<void> {
    const { supervisor, placement } = this.#parts;
    if (worker.life.state === 'starting') await supervisor.ready(worker);
    if (placement.hosts.has(worker.index) && !placement.canDoWithout(worker.index)) {
      const text = `cannot remove worker ${worker.index}: no other worker${ofRole(worker)} can host its actors`;
      throw new TroupeError('NO_WORKER', text);
    }
    // Also where it dies meanwhile, it does not come back.
    worker.isLeaving = true;
    await this.#drain(worker).catch((error) => {
      worker.isLeaving = false;
      throw error;
    });
    await supervisor.retire(worker);
    supervisor.forget(worker);
  }

  /** Where nobody else can host what lives there, a worker of the same role comes first and goes again afterwards. */
  async #restartOrStandIn(worker: SupervisedWorker): Promise<void> {
    const { supervisor, placement, rebalancing } = this.#parts;
    if (worker.life.state === 'starting') await supervisor.ready(worker);
    if (!placement.hosts.has(worker.index) || placement.canDoWithout(worker.index)) return this.#restart(worker);
    const standIn = supervisor.add(worker.role);
    await supervisor.ready(standIn);
    await rebalancing.arrived(standIn.index);
    await this.#restart(worker);
    await this.#remove(standIn);
  }

  async #restart(worker: SupervisedWorker): Promise<void> {
    const { supervisor, rebalancing } = this.#parts;
    if (worker.life.state === 'starting') await supervisor.ready(worker);
    const { process } = worker;
    // Also where it dies meanwhile, it is forked again at once.
    worker.isReplaced = worker.isRunning;
    await this.#drain(worker).catch((error) => {
      worker.isReplaced = false;
      throw error;
    });
    if (worker.process === process) await supervisor.endGently(worker);
    await supervisor.ready(worker);
    await rebalancing.arrived(worker.index);
  }

  /** Everything that lives there goes to others. Where something cannot, all that is left stays, and so does the worker. */
  async #drain(worker: SupervisedWorker): Promise<void> {
    const { clock, supervisor, placement, drainMs } = this.#parts;
    // One that has just been forked, after a crash: it would come to host while it is drained.
    if (worker.life.state === 'starting') await supervisor.ready(worker);
    const { process } = worker;
    if (!process) return;
    supervisor.drain(worker);
    placement.hosts.leave(worker.index);
    const limits: MoveLimits = { untilMs: clock.now() + drainMs, isForced: true };
    const isThere = (): boolean => worker.process === process;
    const pause = (): Promise<void> => new Promise((resolve) => clock.setTimer(ROUND_MS, resolve));
    try {
      do {
        while (isThere() && (await this.#round(worker.index, limits))) await pause();
        // Messages of its `main` are on their way before it goes; meanwhile that may have spawned there.
        while (isThere() && clock.now() < limits.untilMs && !(await this.#parts.isSilent(worker))) await pause();
      } while (isThere() && !this.#isEmptied(worker.index));
    } catch (error) {
      if (isThere()) {
        supervisor.undrain(worker);
        this.#parts.stay(worker);
      }
      throw error;
    }
  }

  /** True: nothing lives there, and nothing comes to live there any more. */
  #isEmptied(index: number): boolean {
    return !this.#parts.handoffs.isAwaited(index) && this.#parts.placement.close(index);
  }

  /** False: nothing is left to be moved. */
  async #round(index: number, limits: MoveLimits): Promise<boolean> {
    const { clock, placement, handoffs, moves, isOver } = this.#parts;
    const units = placement.unitsOn(index, UNITS_PER_ROUND);
    // Units that are still on their way there will have to leave again.
    if (units.length === 0) return handoffs.isAwaited(index);
    if (isOver())
      throw new TroupeError('SHUTTING_DOWN', `the system is shutting down; the drain of worker ${index} ends`);
    const byTarget = new Map<number, Unit[]>();
    for (const { unit, to } of units) {
      const together = byTarget.get(to);
      if (together) together.push(unit);
      else byTarget.set(to, [unit]);
    }
    const ends = await Promise.allSettled([...byTarget].map(([to, together]) => moves.move(together, to, limits)));
    for (const end of ends) if (end.status === 'rejected' && isFinal(end.reason)) throw end.reason;
    if (clock.now() > limits.untilMs + DRAIN_GRACE_MS) {
      const text = `the drain of worker ${index} has passed its deadline; ${units.length} places did not move`;
      throw new TroupeError('ACTOR_UNAVAILABLE', text);
    }
    return true;
  }
}

function isFinal(error: unknown): boolean {
  return error instanceof TroupeError && FINAL.has(error.code);
}

function ofRole({ role }: SupervisedWorker): string {
  return role === 'worker' ? '' : ` of role '${role}'`;
}
