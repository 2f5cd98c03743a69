/** Findings about actors: what they have of the loop and of the mail, their failures, and what became of messages to them. Pure. */
import type { ListedLetter } from '../gateway/system-calls.ts';
import { type BusyActor, type Checkup, CHECKUP_ACTORS_MAX, type TimedOutAsk } from '../observe/checkup.ts';
import { countBy, type Finding, type Seen, times } from './finding.ts';

/** Messages that may wait in one mailbox, or one process, before their growth is a finding. */
export const WAITING_MIN = 1_000;
/** The share of a worker's time that one actor may have. */
export const HOT_SHARE = 0.5;

/** Those that have that share of the loop. */
export function hotIn({ watchedMs, busy }: Checkup): readonly BusyActor[] {
  return watchedMs > 0 ? busy.filter(({ ms }) => ms / watchedMs >= HOT_SHARE) : [];
}

export function hotActors({ after }: Seen): Finding[] {
  return after.checkups.flatMap((checkup) => {
    const { worker, watchedMs } = checkup;
    return hotIn(checkup).map(({ id, ms, turns, longestMs }): Finding => {
      const share = Math.min(100, Math.round((ms / watchedMs) * 100));
      return {
        id: 'actor-hot',
        about: id,
        evidence: `${id} had ${share} % of the time of worker ${worker} in ${seconds(watchedMs)} s: ${turns} turns, up to ${longestMs.toFixed(1)} ms in one go`,
        advice: `one actor runs on one core at most: split its work over several ids, or make its turns shorter; troupe show ${id} says what it does`,
      };
    });
  });
}

/** The actors with the most mail, where it grows; the process, where no single one has that much. */
export function growingMailboxes(seen: Seen): Finding[] {
  const actors = growingActors(seen);
  const named = new Set(actors.map(({ worker }) => worker));
  const processes = growingProcesses(seen).filter(({ worker }) => !named.has(worker));
  return [...actors, ...processes].map(({ finding }) => finding);
}

interface OfWorker {
  readonly worker: number;
  readonly finding: Finding;
}

function growingActors({ before, after, seconds }: Seen): OfWorker[] {
  return after.checkups.flatMap(({ worker, mailboxes }) => {
    const earlier = before.checkups.find((each) => each.worker === worker)?.mailboxes ?? [];
    return mailboxes.flatMap(({ id, count, bytes }): OfWorker[] => {
      const was = earlier.find((each) => each.id === id)?.count ?? mostOfOthers(earlier.map((each) => each.count));
      if (count < WAITING_MIN || count <= was) return [];
      const finding: Finding = {
        id: 'mailbox-growing',
        about: id,
        evidence: `${count} messages (${bytes} bytes) wait for ${id} on worker ${worker}, ${count - was} more than ${seconds} s before`,
        advice: `senders are faster than its handlers: heed the false of tell (await drained()), or spread the work over more ids; troupe show ${id} says what waits`,
      };
      return [{ worker, finding }];
    });
  });
}

/** One that is not in a list of the foremost has at most what the last of them has. */
function mostOfOthers(counts: readonly number[]): number {
  return counts.length < CHECKUP_ACTORS_MAX ? 0 : Math.min(...counts);
}

function growingProcesses({ before, after, seconds }: Seen): OfWorker[] {
  return after.metrics.workers.flatMap(({ worker, mailbox }) => {
    const was = before.metrics.workers.find((each) => each.worker === worker)?.mailbox ?? 0;
    if (mailbox < WAITING_MIN || mailbox <= was) return [];
    const finding: Finding = {
      id: 'mailbox-growing',
      about: `worker ${worker}`,
      evidence: `${mailbox} messages wait on worker ${worker}, ${mailbox - was} more than ${seconds} s before, and no single actor has most of them`,
      advice:
        'senders are faster than handlers: heed the false of tell (await drained()), or troupe add-worker where CPUs are free',
    };
    return [{ worker, finding }];
  });
}

/** By their events; above the rate at which those are counted only, by the counts of restarts that actors have. */
export function failingActors({ before, after, events, seconds }: Seen): Finding[] {
  const failures = events.filter(({ event }) => event === 'actor-restarted' || event === 'actor-failed');
  const counts = new Map(countBy(failures, ({ id }) => String(id)));
  const texts = new Map(failures.map(({ id, error }) => [String(id), String(error)]));
  for (const { worker, restarts: actors } of after.checkups) {
    const earlier = before.checkups.find((each) => each.worker === worker)?.restarts;
    for (const { id, restarts, failure } of actors) {
      if (earlier === undefined) break;
      const was = earlier.find((each) => each.id === id)?.restarts ?? mostOfOthers(earlier.map((one) => one.restarts));
      if (restarts - was <= (counts.get(id) ?? 0)) continue;
      counts.set(id, restarts - was);
      texts.set(id, failure);
    }
  }
  const found = [...counts].sort(([, one], [, other]) => other - one);
  return found.map(([about, count]) => ({
    id: 'actor-restarts',
    about,
    evidence: `${about} has failed ${times(count)} in ${seconds} s, last by: ${texts.get(about)}`,
    advice: `troupe show ${about} says what it has; its handler throws, and each time its state in memory begins anew`,
  }));
}

export function timedOutAsks({ before, after, seconds }: Seen): Finding[] {
  const fresh = after.checkups.flatMap(({ worker, timeouts, lastTimeouts }): TimedOutAsk[] => {
    const was = before.checkups.find((each) => each.worker === worker)?.timeouts;
    return was === undefined || timeouts <= was ? [] : lastTimeouts.slice(-(timeouts - was));
  });
  return countBy(fresh, ({ to }) => to).map(([about, count]) => {
    const { type } = fresh.findLast(({ to }) => to === about) as TimedOutAsk;
    const what = type === undefined ? '' : ` (the last one '${type}')`;
    return {
      id: 'asks-timeout',
      about,
      evidence: `asks of ${about} have timed out ${times(count)} in ${seconds} s${what}`,
      advice: `troupe show ${about} says what it does and what waits before them; askTimeoutMs, or timeoutMs of the ask, where it takes that long rightly`,
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

const KEPT_ADVICE = 'troupe dead-letters lists them; once the cause is mended: --resend, or --discard';
/** Those in memory alone are listed, and cannot be sent again. */
const LISTED_ADVICE = 'troupe dead-letters lists the last ones; the log has the errors of handlers';

export function deadLetters({ letters, events, after }: Seen): Finding[] {
  const fresh = events.filter(({ event }) => event === 'dead-letter') as unknown as ListedLetter[];
  // One of the serving process is in both.
  const isKnown = ({ at, to }: ListedLetter): boolean => letters.some((each) => each.at === at && each.to === to);
  const all = [...letters, ...fresh.filter((each) => !isKnown(each))].sort((one, other) => one.at - other.at);
  const found = countBy(all, ({ reason }) => reason).map(([reason, count]): Finding => {
    const last = all.findLast((each) => each.reason === reason);
    const total = after.metrics.deadLettersBy[reason] ?? 0;
    const isOnDisk = letters.some((each) => each.reason === reason && each.id !== undefined);
    return {
      id: 'dead-letters',
      about: reason,
      evidence: `${count} with ${reason}${total > count ? ` (${total} since the processes began)` : ''}, the last one to ${last?.to} (${last?.type})`,
      advice: LETTER_ADVICE[reason] ?? (isOnDisk ? KEPT_ADVICE : LISTED_ADVICE),
    };
  });
  if (found.length > 0) return found;
  return Object.entries(after.metrics.deadLettersBy).map(([reason, count]) => ({
    id: 'dead-letters',
    about: reason,
    evidence: `${count} with ${reason} since the processes began; none in these seconds`,
    advice: LETTER_ADVICE[reason] ?? LISTED_ADVICE,
  }));
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(1);
}
