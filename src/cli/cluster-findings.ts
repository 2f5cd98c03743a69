/** Findings about a cluster of machines. Pure: what one of them has seen goes in. */
import type { ClusterCheckup } from '../observe/cluster-checkup.ts';
import type { Finding } from './finding.ts';
import { table } from '../cli-ground/output.ts';

/** A clock may run so much faster or slower than another: a machine stops to serve a tenth of its lease early, and others wait a tenth longer. */
export const CLOCK_RATE_MAX = 0.02;
/** The part of its lease that one statement may take, at the most: a renewal is two of them, and is tried again within the lease. */
export const ROUND_TRIP_SHARE: number = 1 / 15;
/** Partitions that one machine has more than another, where each has its share. */
export const SPREAD_MAX = 0.25;

const RULES: readonly ((seen: ClusterCheckup) => Finding[])[] = [
  ...[unreachedPairs, unownedPartitions, lostMachines, clockRates, unevenSpread],
  ...[silentDatabase, unsafeDatabase, slowDatabase, impatientDatabase],
];

export function clusterFindingsOf(seen: ClusterCheckup): Finding[] {
  return RULES.flatMap((rule) => rule(seen));
}

/** All that was seen, for people. */
export function clusterText(seen: ClusterCheckup): string {
  const { machine, machines, unowned, pairs, unreached, refused, database } = seen;
  const causes = Object.entries(refused).filter(([, count]) => count > 0);
  const rows = machines.map((each) => [
    ...[`${each.machine}${each.machine === machine ? ' (asked)' : ''}`, each.address, each.state],
    ...[each.workers, each.partitions, each.clockRate?.toFixed(3) ?? '-'],
  ]);
  return [
    table(['machine', 'address', 'state', 'workers', 'partitions', 'clock'], rows),
    `${pairs - unreached.length} of ${pairs} pairs reach each other, each way for itself; ${unowned} partitions of nobody`,
    ...(causes.length > 0
      ? [`not let in here since the start: ${causes.map((each) => each.join(' ')).join(', ')}`]
      : []),
    database === undefined
      ? 'the database gives no answer'
      : `PostgreSQL ${database.version}${database.hasPooler ? ' behind a pooler' : ''}, synchronous_commit ${database.synchronousCommit}, fsync ${database.fsync}, ${Math.ceil(database.roundTripMs)} ms for a statement`,
  ].join('\n');
}

function unreachedPairs({ unreached }: ClusterCheckup): Finding[] {
  return unreached.map(({ from, to, reason }) => ({
    id: 'machine-unreached',
    about: `${from} to ${to}`,
    evidence: `the machine ${from} does not reach ${to}: ${reason}`,
    advice:
      'actors of the two get no mail from each other: let the network pass TCP to that port in both directions, or give an address that all machines reach (cluster.advertise)',
  }));
}

function unownedPartitions({ unowned }: ClusterCheckup): Finding[] {
  if (unowned === 0) return [];
  return [
    {
      id: 'partitions-unowned',
      about: `${unowned} partitions`,
      evidence: `no machine has ${unowned} partitions; mail for their actors is held`,
      advice:
        'while a machine joins, or a lost one is waited for, that is so for the time of a lease: look again; if it stays, look into the logs for a database that cannot be reached',
    },
  ];
}

function lostMachines({ machines }: ClusterCheckup): Finding[] {
  return machines
    .filter(({ state }) => state === 'lost')
    .map(({ machine, address }) => ({
      id: 'machine-lost',
      about: machine,
      evidence: `the machine ${machine} at ${address} was silent for longer than its lease, and has not come back`,
      advice: 'look whether it runs, and reaches the database; a machine that comes back joins under another id',
    }));
}

function clockRates({ machine, machines }: ClusterCheckup): Finding[] {
  return machines.flatMap(({ machine: other, clockRate }) => {
    if (clockRate === undefined || Math.abs(clockRate - 1) <= CLOCK_RATE_MAX) return [];
    const percent = Math.abs((clockRate - 1) * 100).toFixed(1);
    return [
      {
        id: 'clock-rate',
        about: other,
        evidence: `the clock of ${other} runs ${percent} % ${clockRate > 1 ? 'faster' : 'slower'} than that of ${machine}`,
        advice:
          'leases are counted on each machine by itself, and bear a tenth: look at the clock source of both (a virtual machine that is stopped or moved, a broken TSC)',
      },
    ];
  });
}

function unevenSpread({ machines }: ClusterCheckup): Finding[] {
  const live = machines.filter(({ state, workers }) => state === 'live' && workers > 0);
  const workers = live.reduce((sum, each) => sum + each.workers, 0);
  const all = live.reduce((sum, each) => sum + each.partitions, 0);
  return live.flatMap(({ machine, workers: own, partitions }) => {
    const share = (all * own) / workers;
    if (Math.abs(partitions - share) <= Math.max(1, share * SPREAD_MAX)) return [];
    return [
      {
        id: 'partitions-uneven',
        about: machine,
        evidence: `the machine ${machine} has ${partitions} partitions; by its ${own} workers its share would be ${Math.round(share)}`,
        advice:
          'partitions move one after another once a machine has joined: look again; if it stays, look into its log',
      },
    ];
  });
}

function silentDatabase({ database, machine }: ClusterCheckup): Finding[] {
  if (database !== undefined) return [];
  return [
    {
      ...{ id: 'database-silent' as const, about: machine },
      evidence: `the database gave no answer to the machine ${machine}`,
      advice: 'without it a machine suspends itself at the end of its lease: bring the database back; nothing is lost',
    },
  ];
}

function unsafeDatabase({ database }: ClusterCheckup): Finding[] {
  const found = [
    ...(database?.synchronousCommit === 'off' ? ['synchronous_commit = off'] : []),
    ...(database?.fsync === 'off' ? ['fsync = off'] : []),
  ];
  return found.map((setting) => ({
    id: 'database-unsafe',
    about: setting,
    evidence: `the database has ${setting}: it says that a turn is on disk before it is`,
    advice: 'a crash of its server then loses what others have heard of: set it to on',
  }));
}

function slowDatabase({ database, machines }: ClusterCheckup): Finding[] {
  const leaseMs = Math.min(...machines.map((each) => each.leaseMs));
  if (database === undefined || database.roundTripMs <= leaseMs * ROUND_TRIP_SHARE) return [];
  return [
    {
      ...{ id: 'database-slow' as const, about: `${Math.round(database.roundTripMs)} ms` },
      evidence: `a statement took ${Math.round(database.roundTripMs)} ms, there and back, and the lease has ${leaseMs} ms`,
      advice: 'machines lose their leases when it gets slower still: give a longer leaseMs, the same on all machines',
    },
  ];
}

const PATIENT: Finding = {
  ...{ id: 'database-patient', about: 'statement_timeout = 0' },
  evidence: 'the database gives no statement up by itself: one of a machine that is gone keeps its locks',
  advice: "a pooler takes no settings of a session: alter role … set statement_timeout = '15s'",
};

function impatientDatabase({ database, machines }: ClusterCheckup): Finding[] {
  const leaseMs = Math.min(...machines.map((each) => each.leaseMs));
  const { idleSessionTimeoutMs = 0, statementTimeoutMs } = database ?? {};
  const found = statementTimeoutMs === 0 ? [PATIENT] : [];
  // A machine asks three times in a lease: sessions that end between are made anew each time.
  if (idleSessionTimeoutMs === 0 || idleSessionTimeoutMs > leaseMs) return found;
  return [
    ...found,
    {
      ...{ id: 'database-impatient' as const, about: `${idleSessionTimeoutMs} ms` },
      evidence: `the database ends sessions that are idle for ${idleSessionTimeoutMs} ms; the lease has ${leaseMs} ms`,
      advice: 'each renewal then may begin with a new session: set idle_session_timeout to 0, or well above the lease',
    },
  ];
}
