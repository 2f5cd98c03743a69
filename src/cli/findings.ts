/** The findings of `troupe doctor`: each with a stable id, its evidence and what to do. Pure: what was seen goes in, findings come out. */
import type { TailedEvent } from '../gateway/event-tail.ts';
import type { ListedLetter } from '../gateway/system-calls.ts';
import type { SystemMetrics } from '../system/metrics.ts';
import type { WorkerInfo } from '../wire/control.ts';

export interface Finding {
  readonly id: string;
  /** The actor, worker, kind or reason that it is about. */
  readonly about: string;
  readonly evidence: string;
  readonly advice: string;
}

/** Two looks at a system, some seconds apart, and what happened between them. */
export interface Seen {
  readonly seconds: number;
  readonly before: SystemMetrics;
  readonly after: SystemMetrics;
  readonly workers: readonly WorkerInfo[];
  readonly events: readonly TailedEvent[];
  readonly letters: readonly ListedLetter[];
  readonly machine: Machine | undefined;
}

/** The machine of the system; known where that is this one. */
export interface Machine {
  readonly cpus: number;
  /** CPUs, with fractions; Infinity: none. */
  readonly quota: number;
  readonly files: readonly { readonly pid: number; readonly open: number; readonly max: number }[];
}

/** Messages that may wait in one process before their growth is a finding. */
export const WAITING_MIN = 1_000;
/** The part of its limit of open files that a process may use. */
export const FILES_SHARE = 0.8;
/** Findings of one id. */
export const FINDINGS_MAX = 10;

export function findingsOf(seen: Seen): Finding[] {
  const rules = [
    silentWorkers,
    downWorkers,
    deadWorkers,
    growingMailboxes,
    failingActors,
    deadLetters,
    openFiles,
    cpus,
  ];
  return rules.flatMap((rule) => rule(seen).slice(0, FINDINGS_MAX));
}

/** Its process did not answer within a second, twice. */
function silentWorkers({ workers, before, after, seconds }: Seen): Finding[] {
  const answers = ({ index }: WorkerInfo): boolean =>
    [before, after].some((metrics) => metrics.workers.some(({ worker }) => worker === index));
  return workers
    .filter((worker) => worker.state === 'ready' && !answers(worker))
    .map(({ index, pid }) => ({
      id: 'worker-silent',
      about: `worker ${index}`,
      evidence: `worker ${index} (pid ${pid}) gave no answer, twice in ${seconds} s: a turn there blocks its event loop`,
      advice: `see what it computes (node --cpu-prof, or SIGUSR1 to pid ${pid} and an inspector), and do it in slices, or in workers of a role of its own`,
    }));
}

function downWorkers({ workers }: Seen): Finding[] {
  return workers
    .filter(({ state }) => state === 'given-up' || state === 'backing-off')
    .map(({ index, state, restarts }) => ({
      id: 'worker-down',
      about: `worker ${index}`,
      evidence: `worker ${index} is ${state} after ${restarts} restarts`,
      advice:
        state === 'given-up'
          ? 'its log says what it died of; once that is mended: troupe reload'
          : 'its log says what it dies of; it is started again by itself',
    }));
}

function deadWorkers({ events, seconds }: Seen): Finding[] {
  const deaths = countBy(
    events.filter(({ event, code, signal }) => event === 'worker-exited' && (signal != null || code !== 0)),
    ({ worker }) => `worker ${worker}`,
  );
  return deaths.map(([about, count]) => ({
    id: 'worker-restarts',
    about,
    evidence: `${about} has died ${times(count)} in ${seconds} s`,
    advice:
      'its log says what it died of; a message that kills its process becomes a dead letter (PROCESS_DIED) after three tries',
  }));
}

function growingMailboxes({ before, after, seconds }: Seen): Finding[] {
  return after.workers.flatMap(({ worker, mailbox }) => {
    const earlier = before.workers.find((each) => each.worker === worker)?.mailbox ?? 0;
    if (mailbox < WAITING_MIN || mailbox <= earlier) return [];
    return [
      {
        id: 'mailbox-growing',
        about: `worker ${worker}`,
        evidence: `${mailbox} messages wait on worker ${worker}, ${mailbox - earlier} more than ${seconds} s before`,
        advice:
          'senders are faster than handlers: heed the false of tell (await drained()), spread the work over more ids, or troupe add-worker',
      },
    ];
  });
}

function failingActors({ events, seconds }: Seen): Finding[] {
  const failures = events.filter(({ event }) => event === 'actor-restarted' || event === 'actor-failed');
  return countBy(failures, ({ id }) => String(id)).map(([about, count]) => {
    const last = failures.findLast(({ id }) => String(id) === about);
    return {
      id: 'actor-restarts',
      about,
      evidence: `${about} has failed ${times(count)} in ${seconds} s, last by: ${String(last?.error)}`,
      advice: `troupe show ${about} says what it has; its handler throws, and each time its state in memory begins anew`,
    };
  });
}

const LETTER_ADVICE: { readonly [reason: string]: string } = {
  UNKNOWN_KIND: 'no file in actors/ has the name of this kind: mend the id, or add the actor and troupe reload',
  UNKNOWN_MESSAGE: 'the actor has no handler for this type: mend the sender, or add one and troupe reload',
  MAILBOX_FULL: 'senders are faster than this actor: heed the false of tell (await drained())',
  OVERLOADED: 'queues are full: heed the false of tell (await drained()), or raise memory',
  ACTOR_FAILED: 'the actor is past its restart intensity: its log says why',
  NO_WORKER: 'no living worker can host this kind: troupe status, and the role of its placement',
  MESSAGE_TOO_LARGE: 'send less at once, or raise messageBytesMax',
};

function deadLetters({ letters, events, after }: Seen): Finding[] {
  const fresh = events.filter(({ event }) => event === 'dead-letter') as unknown as ListedLetter[];
  // One of the serving process is in both.
  const isKnown = ({ at, to }: ListedLetter): boolean => letters.some((each) => each.at === at && each.to === to);
  const all = [...letters, ...fresh.filter((each) => !isKnown(each))];
  const found = countBy(all, ({ reason }) => reason).map(([reason, count]): Finding => {
    const last = all.findLast((each) => each.reason === reason);
    return {
      id: 'dead-letters',
      about: reason,
      evidence: `${count} with ${reason}, the last one to ${last?.to} (${last?.type})`,
      advice:
        LETTER_ADVICE[reason] ?? 'troupe dead-letters lists them; once the cause is mended: --resend, or --discard',
    };
  });
  if (found.length > 0) return found;
  return Object.entries(after.deadLettersBy).map(([reason, count]) => ({
    id: 'dead-letters',
    about: reason,
    evidence: `${count} of volatile actors with ${reason} since the workers began; none in these seconds`,
    advice: LETTER_ADVICE[reason] ?? 'troupe events --only dead-letter shows those to come',
  }));
}

function openFiles({ machine }: Seen): Finding[] {
  return (machine?.files ?? [])
    .filter(({ open, max }) => open > max * FILES_SHARE)
    .map(({ pid, open, max }) => ({
      id: 'open-files',
      about: `pid ${pid}`,
      evidence: `pid ${pid} has ${open} files open, and its limit is ${max}`,
      advice: 'raise it: ulimit -n, LimitNOFILE= of systemd, or --ulimit nofile of Docker',
    }));
}

function cpus({ machine, workers }: Seen): Finding[] {
  if (machine === undefined) return [];
  const most = Math.max(1, Math.floor(Math.min(machine.quota, machine.cpus)));
  if (workers.length <= most) return [];
  const supply = machine.quota < machine.cpus ? `a CPU quota of ${machine.quota}` : `${machine.cpus} CPUs`;
  return [
    {
      id: 'cpu-quota',
      about: `${workers.length} workers`,
      evidence: `${workers.length} workers share ${supply}`,
      advice: `have ${most}: leave workers out of the options, or troupe drain the others; more of them wait for each other`,
    },
  ];
}

/** The most frequent first. */
function countBy<T>(items: readonly T[], keyOf: (item: T) => string): [string, number][] {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return [...counts].sort(([, one], [, other]) => other - one);
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}
