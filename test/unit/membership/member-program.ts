/**
 * One machine as a process: a member of the cluster in the directory of its arguments, whose partitions do turns. A line for each event, and for each turn the
 * machine's monotonic clock, which all processes of a host share, with partition and epoch.
 */
import { randomUUID } from 'node:crypto';
import { PostgresDirectory } from '../../../src/directory/postgres-directory.ts';
import { MachineMembership } from '../../../src/membership/machine-membership.ts';
import { systemClock } from '../../../src/vocabulary/system-clock.ts';

const [name, url, lease] = process.argv.slice(2) as [string, string, string];
const leaseMs = Number(lease);
const clock = systemClock();
const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

/** As its workers would be told. */
let servesUntil = 0;
const directory = await PostgresDirectory.open({ url, schema: 'members', statementMs: leaseMs / 3 }, clock);
const membership = new MachineMembership({
  directory,
  clock,
  row: { leaseMs, address: `${name}:7000`, workers: 1 },
  newId: () => `${name}.${randomUUID()}`,
  serve: (until) => {
    servesUntil = until;
  },
  onEvent: (event) => say({ ...event, type: event.machine.startsWith(`${name}.`) ? `own ${event.type}` : event.type }),
  host: {
    enter: async () => {},
    expect: () => {},
    start: () => {},
    stop: () => {},
    // Nothing lives in memory that could move.
    handOver: async (partitions) => ({ partitions, isLive: true }),
    resume: () => {},
    highestEpoch: async () => 0,
  },
});

const turns = setInterval(() => {
  const served: number[][] = [];
  for (let partition = 0; partition < 1_024; partition += 16) {
    if (clock.now() < servesUntil && membership.mayServe(partition))
      served.push([partition, membership.epochOf(partition) ?? 0]);
  }
  say({ at: Number(process.hrtime.bigint() / 1_000n), served });
}, 25);

process.once('SIGTERM', () => {
  void membership.leave().then(async () => {
    clearInterval(turns);
    say({ type: 'left' });
    await directory.close();
    process.exit(0);
  });
});
