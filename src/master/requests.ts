/** Requests of processes to the master, answered once each. */
import { type ActorId, kindOf } from '../vocabulary/address.ts';
import { asError, type ErrorData, errorToData, TroupeError } from '../vocabulary/errors.ts';
import type { MasterRequest, MetricsAnswer } from '../wire/control.ts';
import type { ProcessQuery } from '../wire/process-query.ts';
import type { WantAnswer } from '../observe/machine-info.ts';
import type { BlockedLoop, LoopRun } from '../observe/checkup.ts';
import type { ClusterCheckup } from '../observe/cluster-checkup.ts';
import type { LiveMoves } from './live-moves.ts';
import type { Participant } from '../worker-pool/process-membership.ts';
import { type PauseParts, PauseService } from './pause-service.ts';
import { shardOf } from '../placement/shard.ts';
import { placementView } from '../placement-service/inspect-placement.ts';
import type { RollingRestart } from './rolling-restart.ts';

/** Milliseconds that a process has for its counters, or for one actor; and for a list of its actors, which it makes in slices, or what it has to count first. */
const LOOK_MS = 1_000;
const LIST_MS = 5_000;
/** Milliseconds that a process has to read the links of a lost machine to their ends, for which it waits `READ_MS_MAX` itself, and for that to go on. */
export const READ_TO_END_MS = 10_000;

export interface RequestsParts extends PauseParts {
  readonly moves: LiveMoves;
  readonly rolling: RollingRestart;
  /** Milliseconds that a move may take before what runs is aborted. */
  readonly moveMs: number;
  /** The code that runs in the event loop of a worker that gives no answer; undefined: it does, or its watchdog gives none either. */
  readonly lookIntoLoop: ((participant: Participant) => Promise<LoopRun | undefined>) | undefined;
  /** Undefined: the system is no machine of a cluster. */
  readonly checkCluster: (() => Promise<ClusterCheckup>) | undefined;
  /** A partition is wanted on a machine. Undefined: this one owns none. */
  readonly want: ((partition: number, machine: string) => Promise<WantAnswer>) | undefined;
  addWorker(role: string | undefined): Promise<number>;
  shutdown(timeoutMs: number | undefined): Promise<void>;
}

export class Requests {
  readonly #parts: RequestsParts;
  readonly #pauses: PauseService;

  constructor(parts: RequestsParts) {
    this.#parts = parts;
    this.#pauses = new PauseService(parts);
  }

  async serve(participant: Participant, request: number, what: MasterRequest): Promise<void> {
    const reply = (outcome: { value?: unknown; error?: ErrorData }): void =>
      participant.channel.send({ type: 'reply', request, ...outcome });
    try {
      reply({ value: await this.#carryOut(participant, what) });
    } catch (error) {
      const fault =
        error instanceof TroupeError
          ? error
          : new TroupeError('ACTOR_UNAVAILABLE', asError(error).message, { cause: error });
      reply({ error: errorToData(fault) });
    }
  }

  #carryOut(participant: Participant, what: MasterRequest): unknown {
    switch (what.kind) {
      case 'claim':
        return this.#claim(participant, what);
      case 'locate':
        return this.#parts.placement.locate(what.id, participant.index);
      case 'add-worker':
        return this.#parts.addWorker(what.role);
      case 'metrics':
        return this.#metrics();
      case 'pause':
        return this.#pauses.pause(what.pattern, what.reason);
      case 'resume':
        return this.#pauses.resume(what.pattern, what.perSecond);
      case 'take-up-pauses':
        return this.#pauses.takeUp();
      case 'let-through':
        return this.#pauses.letThrough(what.pattern, what.wanted);
      case 'look':
        return this.#look(what.what, what.worker, 'lists' in what.what || 'flow' in what.what ? LIST_MS : LOOK_MS);
      case 'placement':
        return placementView(this.#parts.placement.table, this.#parts.handoffs.standing());
      case 'blocked-loops':
        return this.#blockedLoops();
      case 'cluster-checkup':
        return this.#checkCluster();
      case 'shutdown':
        return this.#parts.shutdown(what.timeoutMs);
      case 'move':
        return this.#move(what.id, what.worker, what.isTrial === true);
      case 'read-to-end':
        return this.#readToEnd(what);
      case 'want':
        return this.#want(what.id, what.machine);
      case 'remove-worker':
        return this.#parts.rolling.remove(what.index);
      case 'restart-worker':
        return this.#parts.rolling.restart(what.index);
      case 'reload':
        return this.#parts.rolling.reload();
    }
  }

  async #metrics(): Promise<MetricsAnswer> {
    return {
      processes: await this.#look('metrics'),
      handoffs: this.#parts.handoffs.metrics(),
      pauses: this.#parts.placement.table.pauses,
    };
  }

  /** Of one process, or of all. One that does not answer in time is left out. */
  async #look(what: ProcessQuery, worker?: number, withinMs: number = LOOK_MS): Promise<unknown[]> {
    const { membership, queries } = this.#parts;
    const asked = [...membership].filter(({ index }) => worker === undefined || index === worker);
    const answers = await queries.askAll(asked, what, withinMs);
    return answers.filter((answer) => answer !== undefined);
  }

  async #blockedLoops(): Promise<BlockedLoop[]> {
    const { membership, lookIntoLoop } = this.#parts;
    const workers = [...membership].filter(({ index }) => index > 0);
    const found = await Promise.all(
      workers.map(async (participant) => {
        const run = await lookIntoLoop?.(participant);
        return run && { ...run, worker: participant.index, pid: participant.pid };
      }),
    );
    return found.filter((one) => one !== undefined);
  }

  #checkCluster(): Promise<ClusterCheckup> {
    const { checkCluster } = this.#parts;
    if (checkCluster) return checkCluster();
    const text = 'cluster: expected a machine of a cluster; got a system without that option';
    throw new TroupeError('INVALID_OPTIONS', text);
  }

  /** By all processes: one that does not say so may have it still. */
  async #readToEnd({ machine, address }: Extract<MasterRequest, { kind: 'read-to-end' }>): Promise<void> {
    const { membership, queries } = this.#parts;
    const answers = await queries.askAll(membership, { readToEnd: { machine, address } }, READ_TO_END_MS);
    if (answers.includes(undefined))
      throw new TroupeError('ACTOR_UNAVAILABLE', `a process has not read all that the machine ${machine} wrote to it`);
  }

  #want(id: ActorId, machine: string): Promise<WantAnswer> {
    const { want } = this.#parts;
    return want ? want(shardOf(id), machine) : Promise.resolve('elsewhere');
  }

  /** Where it is already it stays. Rejects NO_WORKER for a worker that cannot host it. */
  async #move(id: ActorId, worker: number, isTrial: boolean): Promise<void> {
    if (!isTrial) this.#checkIsHere(id);
    const { clock, moveMs } = this.#parts;
    const { role = '' } = this.#parts.placement.table.termsOf(id) ?? {};
    const hosts = this.#parts.placement.hosts.ofKind(kindOf(id), role);
    if (!hosts.includes(worker)) {
      const text = `${id} cannot move to worker ${worker}; ready${role && ` and of role '${role}'`} now: ${hosts.join(', ') || 'none'}`;
      throw new TroupeError('NO_WORKER', text);
    }
    if (isTrial) return;
    await this.#parts.moves.moveActor(id, worker, { untilMs: clock.now() + moveMs, isForced: true });
  }

  /** Throws NO_WORKER. */
  #checkIsHere(id: ActorId): void {
    if (this.#parts.placement.elsewhereOf(id) === undefined) return;
    throw new TroupeError('NO_WORKER', `${id} is on another machine, whose workers cannot be chosen from here`);
  }

  async #claim(
    participant: Participant,
    { id, role, worker, fresh, strategy }: Extract<MasterRequest, { kind: 'claim' }>,
  ): Promise<number> {
    this.#checkIsHere(id);
    const chosen = worker ?? this.#parts.placement.choose(kindOf(id), role, strategy, participant.index);
    const isThereAlready = chosen === participant.index && this.#parts.placement.hosts.isLeaving(chosen);
    if (!this.#parts.placement.hosts.has(chosen) && !isThereAlready)
      throw new TroupeError('NO_WORKER', `${id} cannot be placed on worker ${chosen}: it is not ready`);
    await this.#parts.handoffs.claim(id, chosen, fresh);
    // The process that wanted it is gone: it will not spawn the actor, nor report its end.
    if (!this.#parts.membership.isPresent(participant)) this.#parts.handoffs.release([id], chosen);
    return chosen;
  }
}
