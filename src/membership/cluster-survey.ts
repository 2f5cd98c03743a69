/** A cluster as this machine sees it, for the doctor: who reaches whom, whose clock runs how fast, who has what, and how the database is set. */
import { type Looking, surveyReach } from '../machine-links/reach-survey.ts';
import { PARTITIONS } from '../machines/partition-table.ts';
import type { ClusterCheckup, DatabaseCheckup } from '../observe/cluster-checkup.ts';
import type { Clock } from '../vocabulary/clock.ts';
import type { MachineMembership } from './machine-membership.ts';

export interface ClusterCheckupParts {
  readonly membership: Pick<MachineMembership, 'id' | 'machines' | 'ownerOf'>;
  readonly looking: Looking;
  /** Connections of strangers since the start, by cause. */
  readonly refused: Readonly<Record<string, number>>;
  /** Rejects where the database gives no answer. */
  database(): Promise<DatabaseCheckup>;
  readonly clock: Clock;
}

/** Takes seconds, and ten of them at most where machines do not answer. */
export async function checkCluster({
  membership,
  looking,
  refused,
  database,
  clock,
}: ClusterCheckupParts): Promise<ClusterCheckup> {
  const { id } = membership;
  const machines = membership.machines();
  const live = machines.filter(({ state }) => state !== 'lost');
  const reachable = live.map((each) => ({ machine: each.id, address: each.address }));
  const [survey, settings] = await Promise.all([
    surveyReach(looking, id, reachable, clock),
    database().catch(() => undefined),
  ]);
  const { owned, unowned } = spreadOf(membership);
  return {
    ...{ machine: id, unowned, pairs: survey.pairs, unreached: survey.unreached, refused, database: settings },
    machines: machines.map(({ id: machine, address, state, leaseMs, workers }) => ({
      ...{ machine, address, state, leaseMs, workers },
      ...{ partitions: owned.get(machine) ?? 0, clockRate: survey.clockRates.get(machine) },
    })),
  };
}

function spreadOf(membership: ClusterCheckupParts['membership']): { owned: Map<string, number>; unowned: number } {
  const owned = new Map<string, number>();
  let unowned = 0;
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const owner = membership.ownerOf(partition);
    if (owner === undefined) unowned++;
    else owned.set(owner, (owned.get(owner) ?? 0) + 1);
  }
  return { owned, unowned };
}
