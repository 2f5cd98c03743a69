import { readText } from '../sources.ts';
import { describe, expect, test } from 'vitest';
import { HOT_SHARE, WAITING_MIN } from '../../../src/cli/actor-findings.ts';
import type { Look, Machine, Seen } from '../../../src/cli/finding.ts';
import { FINDINGS_MAX, findingsOf } from '../../../src/cli/findings.ts';
import { DISK_FREE_MIN, DISK_FREE_WELL, MEMORY_SHARE } from '../../../src/cli/machine-findings.ts';
import { LATE_P50_MS, LATE_P99_MS, UNEVEN_ACTORS_MIN } from '../../../src/cli/worker-findings.ts';
import type { TailedEvent } from '../../../src/gateway/event-tail.ts';
import { CHECKUP_ACTORS_MAX, type BlockedLoop, type Checkup } from '../../../src/observe/checkup.ts';
import type { ProcessMetrics, SystemMetrics } from '../../../src/system/metrics.ts';
import type { WorkerInfo } from '../../../src/wire/control.ts';

const LOOP = { utilization: 0.5, delayMs: { p50: LATE_P50_MS - 1, p99: LATE_P99_MS - 1, max: 300 } };

interface LookPlan {
  readonly mailboxes?: Record<number, number>;
  readonly process?: Partial<ProcessMetrics>;
  readonly deadLettersBy?: Record<string, number>;
  readonly checkups?: readonly Partial<Checkup>[];
}

function look({ mailboxes = { 0: 0, 1: 0, 2: 0 }, process, deadLettersBy = {}, checkups = [] }: LookPlan = {}): Look {
  const workers = Object.entries(mailboxes).map(([worker, mailbox]) => {
    const role = worker === '0' ? 'master' : 'worker';
    const common = {
      worker: Number(worker),
      pid: 100 + Number(worker),
      role,
      mailbox,
      actors: 10,
      rssBytes: 100,
      loop: LOOP,
    };
    return (worker === '1' ? { ...common, ...process } : common) as ProcessMetrics;
  });
  const empty = { watchedMs: 2_000, busy: [], mailboxes: [], restarts: [], timeouts: 0, lastTimeouts: [], links: [] };
  return {
    metrics: { deadLettersBy, workers } as Partial<SystemMetrics> as SystemMetrics,
    checkups: [1, 2].map((worker, at) => ({ worker, ...empty, ...checkups[at] })),
  };
}

function worker(index: number, state: WorkerInfo['state'] = 'ready'): WorkerInfo {
  return { index, state, pid: 100 + index, role: 'worker', restarts: 6 } as WorkerInfo;
}

const MACHINE: Machine = {
  ...{ cpus: 2, quota: Infinity, files: [{ pid: 101, open: 80, max: 100 }] },
  memoryBytes: Math.ceil(301 / MEMORY_SHARE),
  disk: { path: '/data/store', freeBytes: DISK_FREE_MIN, totalBytes: DISK_FREE_MIN * 2 },
};

const WELL: Seen = {
  ...{ seconds: 3, workers: [worker(1), worker(2)], events: [], letters: [], blocked: [], machine: MACHINE },
  before: look({ mailboxes: { 0: 0, 1: 9_000, 2: 0 } }),
  after: look({ mailboxes: { 0: 0, 1: 9_000, 2: WAITING_MIN - 1 } }),
};

function found(seen: Partial<Seen>): string[] {
  return findingsOf({ ...WELL, ...seen }).map(({ id, about }) => `${id}: ${about}`);
}

/** In worker 1. */
function foundIn(before: Partial<Checkup>, after: Partial<Checkup>): string[] {
  return found({ before: look({ checkups: [before] }), after: look({ checkups: [after] }) });
}

const event = (fields: object): TailedEvent => ({ at: 1, ...fields }) as TailedEvent;

describe('the doctor', () => {
  test('finds nothing in a system that is well, even at its limits', () => {
    expect(found({})).toEqual([]);
    expect(found({ events: [event({ event: 'worker-exited', worker: 1, code: 0, signal: null })] })).toEqual([]);
    expect(found({ machine: undefined, workers: Array.from({ length: 9 }, (_, n) => worker(n % 3)) })).toEqual([]);
    const busy = [{ id: 'a/1', turns: 9, ms: 2_000 * HOT_SHARE - 1, longestMs: 10 }];
    expect(foundIn({}, { busy })).toEqual([]);
    const letters = { timeouts: 5, lastTimeouts: [{ to: 'a/1', type: 'x', at: 1 }] };
    expect(foundIn(letters, letters)).toEqual([]);
  });

  test('a loop that is blocked, by the actor and message that block it, once for each worker', () => {
    const run = {
      worker: 1,
      pid: 101,
      isNative: false,
      stack: ['get performance (node:internal/util:646)', 'block (/a/odd.mjs:6)', 'run (…)'],
    };
    const blocked: BlockedLoop[] = [
      { worker: 1, pid: 101, isNative: true, stack: [] },
      { ...run, actor: 'odd/b', type: 'block', forMs: 700 },
      { worker: 1, pid: 101, isNative: true, stack: [] },
      { ...run, worker: 2, pid: 102 },
    ];
    const findings = findingsOf({
      ...WELL,
      blocked,
      after: look({ mailboxes: { 0: 0 } }),
      before: look({ mailboxes: { 0: 0 } }),
    });
    expect(findings.map(({ id, about }) => `${id}: ${about}`)).toEqual([
      'loop-blocked: odd/b',
      'loop-blocked: worker 2',
    ]);
    expect(findings.map(({ evidence }) => evidence)).toEqual([
      "odd/b has run 'block' for 700 ms, and blocks the event loop of worker 1 (pid 101), at block (/a/odd.mjs:6)",
      'the event loop of worker 2 (pid 102) is blocked, by no turn of an actor, at block (/a/odd.mjs:6)',
    ]);
    const ofNative = (native?: string) => {
      const run: BlockedLoop = { worker: 1, pid: 101, isNative: true, stack: [], ...(native && { native }) };
      return findingsOf({ ...WELL, blocked: [run] })[0]?.evidence;
    };
    expect(ofNative()).toMatch(/runs no JavaScript, .*: it is in a synchronous call/);
    expect(ofNative('waits in the call read of the system')).toMatch(/: it waits in the call read of the system$/);
  });

  test('a worker that is silent in both looks, and none that was so once', () => {
    const silent = look({ mailboxes: { 0: 0, 2: 0 } });
    expect(found({ before: silent, after: silent })).toEqual(['worker-silent: worker 1']);
    for (const one of ['before', 'after']) expect(found({ [one]: silent })).not.toContain('worker-silent: worker 1');
    const workers = [worker(1, 'starting'), worker(2, 'ready')];
    expect(found({ before: silent, after: silent, workers })).toEqual([]);
  });

  test('a worker that is down, and one that has died', () => {
    expect(found({ workers: [worker(1, 'given-up'), worker(2, 'backing-off')] })).toEqual([
      ...['worker-down: worker 1', 'worker-down: worker 2'],
    ]);
    expect(
      found({
        events: [
          event({ event: 'worker-exited', worker: 1, code: 1, signal: null }),
          event({ event: 'worker-exited', worker: 2, code: null, signal: 'SIGKILL' }),
          event({ event: 'worker-exited', worker: 2, code: null, signal: 'SIGKILL' }),
        ],
      }),
    ).toEqual(['worker-restarts: worker 2', 'worker-restarts: worker 1']);
  });

  test('a hot actor, by its share of the loop', () => {
    const busy = [
      { id: 'a/1', turns: 9, ms: 2_000 * HOT_SHARE, longestMs: 10 },
      { id: 'a/2', turns: 9, ms: 500, longestMs: 10 },
    ];
    expect(foundIn({}, { busy })).toEqual(['actor-hot: a/1']);
    expect(foundIn({}, { busy, watchedMs: 0 })).toEqual([]);
  });

  test('the mailbox that grows; the process, where no actor has that much', () => {
    const at = (count: number) => [{ id: 'a/1', count, bytes: 10 }];
    expect(foundIn({ mailboxes: at(1) }, { mailboxes: at(WAITING_MIN - 1) })).toEqual([]);
    expect(foundIn({ mailboxes: at(WAITING_MIN - 1) }, { mailboxes: at(WAITING_MIN) })).toEqual([
      'mailbox-growing: a/1',
    ]);
    expect(foundIn({ mailboxes: at(5_000) }, { mailboxes: at(5_000) })).toEqual([]);
    const others = Array.from({ length: CHECKUP_ACTORS_MAX }, (_, n) => ({ id: `b/${n}`, count: 5_000, bytes: 10 }));
    // It was not among the foremost, and may have had as much as the last of those.
    expect(foundIn({ mailboxes: others }, { mailboxes: at(5_000) })).toEqual([]);
    expect(found({ after: look({ mailboxes: { 0: 0, 1: 9_001, 2: WAITING_MIN } }) })).toEqual([
      ...['mailbox-growing: worker 1', 'mailbox-growing: worker 2'],
    ]);
    const both = look({ mailboxes: { 0: 0, 1: 9_001, 2: 0 }, checkups: [{ mailboxes: at(9_001) }] });
    expect(found({ after: both })).toEqual(['mailbox-growing: a/1']);
  });

  test('actors that fail, the most frequent first, and not more than so many', () => {
    const events = Array.from({ length: 40 }, (_, n) =>
      event({ event: 'actor-restarted', id: `a/${n % 15}`, error: 'no' }),
    );
    const ids = found({ events: [event({ event: 'actor-failed', id: 'a/7', error: 'no' }), ...events] });
    expect(ids).toHaveLength(FINDINGS_MAX);
    expect(ids[0]).toBe('actor-restarts: a/7');
  });

  test('… also above the rate at which their events come as counts', () => {
    const restarts = (n: number) => [{ id: 'a/1', restarts: n, failure: 'Error: no' }];
    expect(foundIn({ restarts: restarts(5) }, { restarts: restarts(2_005) })).toEqual(['actor-restarts: a/1']);
    expect(foundIn({}, { restarts: restarts(1) })).toEqual(['actor-restarts: a/1']);
    expect(foundIn({ restarts: restarts(5) }, { restarts: restarts(5) })).toEqual([]);
  });

  test('asks that time out, by their actor', () => {
    const ask = (to: string) => ({ to, type: 'slow', at: 1 });
    const before = { timeouts: 7, lastTimeouts: [ask('a/0')] };
    const after = { timeouts: 9, lastTimeouts: [ask('a/0'), ask('a/1'), ask('a/1')] };
    expect(foundIn(before, after)).toEqual(['asks-timeout: a/1']);
  });

  test('a link on which mail waits and nothing is written', () => {
    const links = (waiting: number, sent: number) => ({ links: [{ to: 2, waiting, sent }] });
    expect(foundIn(links(3, 10), links(4, 10))).toEqual(['link-stalled: worker 1 to 2']);
    for (const [before, after] of [
      [links(3, 10), links(4, 11)],
      [links(0, 10), links(4, 10)],
      [links(3, 10), links(0, 10)],
      [links(5, 10), links(4, 10)],
    ] as const)
      expect(foundIn(before, after)).toEqual([]);
  });

  test('late timers, where the loop is not blocked anyway', () => {
    const late = (p50: number, p99: number) =>
      look({ process: { loop: { utilization: 0.5, delayMs: { p50, p99, max: 900 } } } });
    expect(found({ after: late(LATE_P50_MS, 10) })).toEqual(['timers-late: worker 1']);
    expect(found({ after: late(1, LATE_P99_MS) })).toEqual(['timers-late: worker 1']);
    const blocked: BlockedLoop[] = [{ worker: 1, pid: 101, isNative: true, stack: [] }];
    expect(found({ after: late(LATE_P50_MS, 10), blocked })).toEqual(['loop-blocked: worker 1']);
  });

  test('a worker with far more actors than the others of its role, or that works while another is idle', () => {
    expect(found({ after: look({ process: { actors: 20 + 2 * UNEVEN_ACTORS_MIN } }) })).toEqual([]);
    const three = { mailboxes: { 0: 0, 1: 0, 2: 0, 3: 0 }, process: { actors: 30 + 3 * UNEVEN_ACTORS_MIN } };
    expect(found({ after: look(three), workers: [worker(1), worker(2), worker(3)], machine: undefined })).toEqual([
      'placement-uneven: worker 1',
    ]);
    const idle = look({ process: { loop: { ...LOOP, utilization: 0.1 } } });
    const busy = { ...idle, metrics: structuredClone(idle.metrics) };
    for (const one of busy.metrics.workers) if (one.worker === 2) one.loop.utilization = 0.95;
    expect(found({ before: idle, after: busy })).toEqual(['placement-uneven: worker 2']);
  });

  test('no uneven placement where it is small, of another role, of one actor, or where nobody was idle all the while', () => {
    const changed = (one: Look, change: (process: ProcessMetrics) => Partial<ProcessMetrics>): Look => ({
      ...one,
      metrics: { ...one.metrics, workers: one.metrics.workers.map((each) => ({ ...each, ...change(each) })) },
    });
    const workers = [worker(1), worker(2), worker(3)];
    const three = look({ mailboxes: { 0: 0, 1: 0, 2: 0, 3: 0 } });
    const few = changed(three, (one) => ({ actors: one.worker === 1 ? UNEVEN_ACTORS_MIN : 0 }));
    expect(found({ after: few, workers, machine: undefined })).toEqual([]);
    const many = changed(three, (one) => ({ actors: one.worker === 1 ? 3 * UNEVEN_ACTORS_MIN : 0 }));
    expect(found({ after: many, workers, machine: undefined })).toEqual(['placement-uneven: worker 1']);
    const roles = changed(many, (one) => (one.worker === 1 ? { role: 'mail' } : {}));
    expect(found({ after: roles, workers, machine: undefined })).toEqual([]);
    const starting = [worker(1), worker(2, 'starting'), worker(3, 'starting')];
    expect(found({ after: many, workers: starting, machine: undefined })).toEqual([]);

    const idle = look({ process: { loop: { ...LOOP, utilization: 0.1 } } });
    const busy = changed(idle, (one) => (one.worker === 2 ? { loop: { ...LOOP, utilization: 0.95 } } : {}));
    expect(found({ before: idle, after: busy })).toEqual(['placement-uneven: worker 2']);
    expect(found({ before: look(), after: busy })).toEqual([]);
    const hot = [{}, { busy: [{ id: 'a/1', turns: 9, ms: 1_900, longestMs: 10 }] }];
    const ofOne = { ...busy, checkups: look({ checkups: hot }).checkups };
    expect(found({ before: idle, after: ofOne })).toEqual(['actor-hot: a/1']);
  });

  test('dead letters by their reasons, each once', () => {
    const letter = { to: 'x/a', type: 't', reason: 'UNKNOWN_KIND', at: 1 };
    const [finding, ...others] = findingsOf({
      ...{ ...WELL, letters: [letter], after: look({ deadLettersBy: { UNKNOWN_KIND: 2 } }) },
      events: [event({ event: 'dead-letter', ...letter }), event({ event: 'dead-letter', ...letter, at: 2 })],
    });
    expect(finding?.evidence).toBe('2 with UNKNOWN_KIND, the last one to x/a (t)');
    expect(others).toEqual([]);
    expect(found({ after: look({ deadLettersBy: { NO_WORKER: 3 } }) })).toEqual(['dead-letters: NO_WORKER']);
  });

  test('dead letters in memory alone are not said to be sent again', () => {
    const letter = { to: 'x/a', type: 't', reason: 'HANDLER_FAILED', at: 1, worker: 1 };
    expect(findingsOf({ ...WELL, letters: [letter] })[0]?.advice).not.toContain('--resend');
    expect(findingsOf({ ...WELL, letters: [{ ...letter, id: 'l1' }] })[0]?.advice).toContain('--resend');
  });

  test('of dead letters the last one is named, wherever it is kept, and how many there were', () => {
    const letter = { to: 'x/a', type: 't', reason: 'NO_WORKER', at: 2, worker: 1 };
    const letters = [letter, { ...letter, id: 'l1', to: 'x/b', at: 1 }];
    const [finding] = findingsOf({ ...WELL, letters, after: look({ deadLettersBy: { NO_WORKER: 700 } }) });
    expect(finding?.evidence).toBe('2 with NO_WORKER (700 since the processes began), the last one to x/a (t)');
  });

  test('limits of the machine that are near, and more workers than CPUs', () => {
    const files = [{ pid: 101, open: 81, max: 100 }];
    expect(found({ machine: { ...MACHINE, quota: 1.5, files } })).toEqual([
      'open-files: pid 101',
      'cpu-quota: 2 workers',
    ]);
    expect(found({ machine: { ...MACHINE, memoryBytes: Math.floor(299 / MEMORY_SHARE) } })).toEqual([
      'memory-limit: pid 100',
    ]);
    const disk = { path: '/data/store', freeBytes: DISK_FREE_MIN - 1, totalBytes: DISK_FREE_MIN };
    expect(found({ machine: { ...MACHINE, disk } })).toEqual(['store-filling: /data/store']);
    const large = { ...disk, freeBytes: DISK_FREE_MIN * 2, totalBytes: DISK_FREE_MIN * 100 };
    expect(found({ machine: { ...MACHINE, disk: large } })).toEqual(['store-filling: /data/store']);
    const huge = { ...disk, freeBytes: DISK_FREE_WELL, totalBytes: DISK_FREE_WELL * 100 };
    expect(found({ machine: { ...MACHINE, disk: huge } })).toEqual([]);
  });
});

test('the page for those who run a system says of each finding, by its id, what it means', () => {
  const page = readText('docs/operations.md');
  const ids = [...readText('src/cli/finding.ts').matchAll(/^ {2}\| '([a-z-]+)'/gm)].map(([, id]) => id as string);
  expect(ids.length).toBeGreaterThan(15);
  const rows = [...page.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, id]) => id as string);
  expect(rows.toSorted()).toEqual(ids.toSorted());
});
