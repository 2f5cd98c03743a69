/** Findings about workers: their event loops, their ends, what they have of the actors, and the links between them. Pure. */
import { hotIn } from './actor-findings.ts';
import type { BlockedLoop } from '../observe/checkup.ts';
import type { ProcessMetrics } from '../system/metrics.ts';
import type { WorkerInfo } from '../wire/control.ts';
import { countBy, type Finding, type Seen, times } from './finding.ts';

/** Milliseconds by which half of the timers, or one in a hundred, are late before that is a finding. */
export const LATE_P50_MS = 50;
export const LATE_P99_MS = 250;
/** A worker that has so many times the actors of its role's mean, and so many more, has too many. */
export const UNEVEN_FACTOR = 2;
export const UNEVEN_ACTORS_MIN = 1_000;
/** Shares of its time in which a loop is busy, where another one of the role hardly is. */
export const UNEVEN_BUSY = 0.9;
export const UNEVEN_IDLE = 0.2;

/** The last word on each worker counts, and one that names an actor before one that does not. */
export function blockedLoops({ blocked }: Seen): Finding[] {
  const byWorker = new Map<number, BlockedLoop>();
  for (const one of blocked)
    if (one.actor !== undefined || byWorker.get(one.worker)?.actor === undefined) byWorker.set(one.worker, one);
  return [...byWorker.values()].map((one) => ({
    id: 'loop-blocked',
    about: one.actor ?? `worker ${one.worker}`,
    evidence: blockedText(one),
    advice:
      'nothing else of this worker runs meanwhile, and at supervision.hangMs it is killed: compute in slices (await between them), in a worker_thread, or in workers of a role of its own; use the asynchronous form of what waits',
  }));
}

const NATIVE = 'is in a synchronous call: of files, a child process or a library, say';

function blockedText(run: BlockedLoop): string {
  const { worker, pid, actor, stack, isNative, native = NATIVE } = run;
  const where = `the event loop of worker ${worker} (pid ${pid})`;
  if (isNative)
    return `${where} gives no answer, and runs no JavaScript, so that nothing says whose turn it is: it ${native}`;
  // A line of Node.js itself says nothing of where the handler loops.
  const line = stack.find((one) => !one.includes('(node:')) ?? stack[0];
  const at = line === undefined ? '' : `, at ${line}`;
  if (actor === undefined) return `${where} is blocked, by no turn of an actor${at}`;
  return `${turnText(run)}, and blocks ${where}${at}`;
}

function turnText({ actor, type, forMs }: BlockedLoop): string {
  const turn = type === undefined ? 'a turn' : `'${type}'`;
  return `${actor} has run ${turn}${forMs === undefined ? '' : ` for ${forMs} ms`}`;
}

/** Neither its process nor its watchdog answered within a second, twice. */
export function silentWorkers({ workers, before, after, seconds, blocked }: Seen): Finding[] {
  const answers = ({ index }: WorkerInfo): boolean =>
    blocked.some(({ worker }) => worker === index) ||
    [before, after].some(({ metrics }) => metrics.workers.some(({ worker }) => worker === index));
  return workers
    .filter((worker) => worker.state === 'ready' && !answers(worker))
    .map(({ index, pid }) => ({
      id: 'worker-silent',
      about: `worker ${index}`,
      evidence: `worker ${index} (pid ${pid}) gave no answer, twice in ${seconds} s, and its watchdog thread none either`,
      advice: `it is stopped (SIGSTOP, a debugger), swapped out, or gets no CPU: see its state in ps -o stat,wchan -p ${pid}; it is killed at supervision.hangMs`,
    }));
}

export function downWorkers({ workers }: Seen): Finding[] {
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

export function deadWorkers({ events, seconds }: Seen): Finding[] {
  const deaths = countBy(
    events.filter(({ event, code, signal }) => event === 'worker-exited' && (signal != null || code !== 0)),
    ({ worker }) => `worker ${worker}`,
  );
  return deaths.map(([about, count]) => ({
    id: 'worker-restarts',
    about,
    evidence: `${about} has died ${times(count)} in ${seconds} s`,
    advice: 'its log says what it died of; kernel logs (dmesg) say whether memory ran out',
  }));
}

export function lateTimers({ after, blocked }: Seen): Finding[] {
  return after.metrics.workers.flatMap(({ worker, loop }): Finding[] => {
    const late = loop?.delayMs;
    const isBlocked = blocked.some((one) => one.worker === worker);
    if (late === undefined || isBlocked || (late.p50 < LATE_P50_MS && late.p99 < LATE_P99_MS)) return [];
    return [
      {
        id: 'timers-late',
        about: `worker ${worker}`,
        evidence: `half of the timers of worker ${worker} come ${late.p50} ms late, one in a hundred ${late.p99} ms, the latest ${late.max} ms; its loop is busy for ${Math.round(loop.utilization * 100)} % of the time`,
        advice:
          'turns take long, or the machine has too few CPUs: actor-hot says which actor has the loop; troupe add-worker where CPUs are free',
      },
    ];
  });
}

/** Of the workers of one role. */
export function unevenPlacement({ after, before, workers, blocked }: Seen): Finding[] {
  const ready = new Set(workers.filter(({ state }) => state === 'ready').map(({ index }) => index));
  const byRole = new Map<string, ProcessMetrics[]>();
  for (const each of after.metrics.workers)
    if (ready.has(each.worker)) byRole.set(each.role, [...(byRole.get(each.role) ?? []), each]);
  const wasBusy = (worker: number): boolean =>
    (before.metrics.workers.find((each) => each.worker === worker)?.loop?.utilization ?? 1) > UNEVEN_IDLE;
  // Where one actor has the loop, another place would not help.
  const isOfOne = (worker: number): boolean =>
    blocked.some((one) => one.worker === worker) ||
    after.checkups.some((one) => one.worker === worker && hotIn(one).length > 0);
  return [...byRole.values()].flatMap((group) => {
    const mean = group.reduce((sum, { actors }) => sum + actors, 0) / group.length;
    const idle = group.filter(({ loop, worker }) => loop?.utilization <= UNEVEN_IDLE && !wasBusy(worker));
    return group.flatMap(({ worker, role, actors, loop }): Finding[] => {
      const hasMore = actors > mean * UNEVEN_FACTOR && actors - mean >= UNEVEN_ACTORS_MIN;
      const worksMore = !isOfOne(worker) && loop?.utilization >= UNEVEN_BUSY && idle.length > 0;
      if (!hasMore && !worksMore) return [];
      const load = hasMore
        ? `has ${actors} actors, where the mean of the role '${role}' is ${Math.round(mean)}`
        : `is busy for ${Math.round(loop.utilization * 100)} % of the time, where worker ${idle[0]?.worker} of the role '${role}' is for ${Math.round((idle[0]?.loop.utilization ?? 0) * 100)} %`;
      return [
        {
          id: 'placement-uneven',
          about: `worker ${worker}`,
          evidence: `worker ${worker} ${load}`,
          advice:
            'troupe placement shows what is pinned there; spread the work over more ids, place the kind by least-loaded, or troupe move the foremost (troupe ls --sort busy)',
        },
      ];
    });
  });
}

/** Mail waits in both looks, and none was written between them. */
export function stalledLinks({ before, after, seconds }: Seen): Finding[] {
  return after.checkups.flatMap(({ worker, links }) => {
    const earlier = before.checkups.find((each) => each.worker === worker)?.links ?? [];
    return links.flatMap(({ to, waiting, sent }): Finding[] => {
      const was = earlier.find((each) => each.to === to);
      if (was === undefined || waiting === 0 || was.waiting === 0 || was.sent !== sent || waiting < was.waiting)
        return [];
      return [
        {
          id: 'link-stalled',
          about: `worker ${worker} to ${to}`,
          evidence: `${waiting} messages of worker ${worker} wait for worker ${to}, and none was written in ${seconds} s`,
          advice: `worker ${to} does not read: loop-blocked, worker-silent or actor-hot say why; mail waits within its bounds, and senders are slowed down`,
        },
      ];
    });
  });
}
