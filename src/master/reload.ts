/**
 * A reload: all workers replaced, one after another, by ones with new code. Deaths at each step, and what holds then: see
 * docs/decisions/0046-the-table-says-what-a-kind-is.md.
 *
 *   trial     for each role a worker more, with the new code; it has loaded and says what its kinds are
 *   check     what cannot change, or cannot move, is refused: the trials end, and nothing has happened
 *   try out   the table has the new kinds, only the trials host them; the trials run `main` and are ready
 *   remove    kinds that are gone: their actors end where they are
 *   roll      the trials host like others, and stand in for the worker that is being replaced; given-up ones come back
 *   place     kinds with another place: the table says so, and what lives moves by hand-off
 *   end       the trials are drained and go
 */
import type { Log } from '../observe/log.ts';
import { type KindPlan, planKinds } from '../placement/kind-plan.ts';
import type { Clock } from '../vocabulary/clock.ts';
import { asError, type ErrorData, errorFromData, TroupeError } from '../vocabulary/errors.ts';
import type { KindTerms } from '../wire/control.ts';
import type { HandoffService } from './handoff-service.ts';
import type { Membership } from '../worker-pool/process-membership.ts';
import type { PlacementService } from '../placement-service/placement-service.ts';
import type { Queries } from './queries.ts';
import type { Rebalancing } from './rebalancing.ts';
import type { SupervisedWorker } from '../worker-pool/supervised-worker.ts';
import type { WorkerSupervisor } from '../worker-pool/worker-supervisor.ts';

/** Places of a kind that become pins, since it is placed by hash from now on; more are refused. */
export const PLACES_PINNED_MAX = 100_000;
/** Milliseconds for a process to answer what takes no long work. */
const ANSWER_MS = 10_000;

export interface ReloadParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly supervisor: WorkerSupervisor;
  readonly placement: PlacementService;
  readonly handoffs: HandoffService;
  readonly membership: Membership;
  readonly queries: Queries;
  readonly rebalancing: Rebalancing;
  /** Milliseconds that the actors of a removed kind may take to end, before those that do not are killed as they move. */
  readonly drainMs: number;
  /** For the first durable kind. */
  openStore(): Promise<void>;
  /** A worker that has loaded becomes part of the system. */
  admit(worker: SupervisedWorker): void;
  /** It is ready, and hosts from now on. */
  join(worker: SupervisedWorker): void;
  replace(worker: SupervisedWorker): Promise<void>;
  /** Drained first. */
  remove(worker: SupervisedWorker): Promise<void>;
}

export class Reload {
  readonly #parts: ReloadParts;
  #trials: SupervisedWorker[] = [];

  constructor(parts: ReloadParts) {
    this.#parts = parts;
  }

  async run(): Promise<void> {
    const { supervisor } = this.#parts;
    const old = supervisor.all().filter(({ life }) => life.state !== 'stopped');
    const plan = await this.#tryOut([...new Set(old.map(({ role }) => role))]);
    try {
      await this.#remove(plan.removed);
      for (const trial of this.#trials) this.#parts.join(trial);
      for (const worker of old) await this.#replace(worker);
      this.#parts.placement.hosts.onlySomeHave([]);
      await this.#place(plan);
    } catch (error) {
      await this.#removeTrials().catch((err) =>
        this.#parts.log.error({ err }, 'a worker of a reload that failed stays'),
      );
      throw error;
    }
    await this.#removeTrials();
  }

  async #removeTrials(): Promise<void> {
    for (const trial of this.#trials.splice(0)) await this.#parts.remove(trial);
  }

  /** Until here nothing has happened to anybody: where it fails, all is as it was. */
  async #tryOut(roles: string[]): Promise<KindPlan> {
    const added: string[] = [];
    try {
      const plan = await this.#load(roles);
      await this.#checkMovable();
      added.push(...Object.keys(plan.added));
      await this.#expect(plan.added);
      for (const trial of this.#trials) this.#parts.admit(trial);
      await all(this.#trials.map((trial) => this.#parts.supervisor.ready(trial)));
      return plan;
    } catch (error) {
      await this.#dismissTrials();
      await this.#forget(added);
      throw error;
    }
  }

  /** The new code, loaded. Throws what it cannot be reloaded for. */
  async #load(roles: string[]): Promise<KindPlan> {
    const { placement, openStore } = this.#parts;
    const present = (): [string, KindTerms][] => [...placement.table.kinds()];
    const isDurable = ([, terms]: [string, KindTerms]): boolean => terms.isDurable;
    // Workers of other machines may have other roles.
    const known = placement.table.machines ? undefined : roles;
    let loaded = await this.#startTrials(roles);
    let plan = this.#checked(planKinds(present(), loaded, known));
    if (Object.entries(loaded).some(isDurable) && !present().some(isDurable)) {
      // Workers that have begun without the store cannot host what is kept there.
      await this.#dismissTrials();
      await openStore();
      loaded = await this.#startTrials(roles);
      plan = this.#checked(planKinds(present(), loaded, known));
    }
    return plan;
  }

  #checked(plan: KindPlan): KindPlan {
    const { placement } = this.#parts;
    for (const [kind, { strategy }] of Object.entries(plan.changed)) {
      const places = strategy === 'hash' ? placement.placesOf(kind) : 0;
      if (places <= PLACES_PINNED_MAX) continue;
      plan.faults.push(
        `${kind}.placement.strategy: expected at most ${PLACES_PINNED_MAX} actors with given places for a change to 'hash'; got ${places}`,
      );
    }
    if (plan.faults.length > 0) throw new TroupeError('INVALID_OPTIONS', plan.faults.join('\n'));
    return plan;
  }

  async #startTrials(roles: string[]): Promise<Record<string, KindTerms>> {
    const { supervisor } = this.#parts;
    this.#trials = roles.map((role) => supervisor.add(role, true));
    const [loaded] = await all(this.#trials.map((trial) => supervisor.loaded(trial)));
    return loaded ?? {};
  }

  async #dismissTrials(): Promise<void> {
    const trials = this.#trials.splice(0);
    await Promise.all(trials.map((trial) => this.#parts.supervisor.dismiss(trial)));
  }

  /** A state that cannot travel would hold up the reload half way. */
  async #checkMovable(): Promise<void> {
    const { membership, queries, drainMs } = this.#parts;
    const answers = await queries.askAll(membership, 'unmovable', Math.max(drainMs, ANSWER_MS));
    const fault = answers.find((answer) => answer !== undefined) as ErrorData | undefined;
    if (fault) throw errorFromData(fault);
  }

  /** The new kinds are known, and hosted by the trial workers. */
  async #expect(added: Record<string, KindTerms>): Promise<void> {
    const { placement, supervisor, handoffs } = this.#parts;
    if (Object.keys(added).length === 0) return;
    await handoffs.whenQuiescent(() => {
      placement.hosts.onlySomeHave(Object.keys(added));
      for (const { index, kinds } of supervisor.all()) placement.hosts.loaded(index, kinds);
      placement.changeKinds(added);
    });
  }

  async #forget(added: string[]): Promise<void> {
    const { placement, handoffs } = this.#parts;
    if (added.length === 0) return;
    await handoffs.whenQuiescent(() => placement.changeKinds(Object.fromEntries(added.map((kind) => [kind, null]))));
    placement.hosts.onlySomeHave([]);
  }

  async #remove(kinds: string[]): Promise<void> {
    const { placement, handoffs, queries, membership, drainMs, log } = this.#parts;
    if (kinds.length === 0) return;
    log.warn({ kinds }, 'kinds are gone with the new code: their actors end, and mail for them is a dead letter');
    await handoffs.whenQuiescent(() => placement.changeKinds(Object.fromEntries(kinds.map((kind) => [kind, null]))));
    await queries.askAll(membership, 'removed-ended', drainMs);
  }

  async #replace(worker: SupervisedWorker): Promise<void> {
    const { supervisor, replace } = this.#parts;
    if (worker.life.state !== 'given-up') return replace(worker);
    supervisor.revive(worker);
    await supervisor.ready(worker);
  }

  /** Everybody has the new code by now. */
  async #place({ changed }: KindPlan): Promise<void> {
    const { placement, handoffs, rebalancing, membership, queries } = this.#parts;
    const kinds = Object.keys(changed);
    if (kinds.length === 0) return;
    await handoffs.whenQuiescent(() => placement.changeKinds(changed));
    await Promise.all(kinds.filter((kind) => placement.wasHashed(kind)).map((kind) => this.#learnPlaces(kind)));
    await queries.askAll(membership, 'flush', ANSWER_MS);
    for (const kind of kinds) placement.placesAreKnown(kind);
    await rebalancing.force(placement.misplaced(kinds));
  }

  /** Of those that live: an actor that nobody has asked for since has a place all the same. */
  async #learnPlaces(kind: string): Promise<void> {
    const { placement, membership, queries } = this.#parts;
    const asked = [...membership].map(async (participant) => {
      const ids = (await queries.ask(participant, { idsOf: kind }, ANSWER_MS)) as string[] | undefined;
      if (membership.isPresent(participant)) placement.learnPlaces(ids ?? [], participant.index);
    });
    await Promise.all(asked);
  }
}

/** Waits for all; rejects with the first fault. */
async function all<T>(promises: Promise<T>[]): Promise<T[]> {
  const ends = await Promise.allSettled(promises);
  for (const end of ends) if (end.status === 'rejected') throw asError(end.reason);
  return ends.map((end) => (end as PromiseFulfilledResult<T>).value);
}
