import { describe, expect, test } from 'vitest';
import { FINDINGS_MAX, findingsOf, type Seen, WAITING_MIN } from '../../../src/cli/findings.ts';
import type { TailedEvent } from '../../../src/gateway/event-tail.ts';
import type { ProcessMetrics, SystemMetrics } from '../../../src/system/metrics.ts';
import type { WorkerInfo } from '../../../src/wire/control.ts';

function metrics(mailboxes: Record<number, number>, deadLettersBy: Record<string, number> = {}): SystemMetrics {
  const workers = Object.entries(mailboxes).map(([worker, mailbox]) => ({ worker: Number(worker), mailbox }));
  return { deadLettersBy, workers: workers as ProcessMetrics[] } as SystemMetrics;
}

function worker(index: number, state: WorkerInfo['state'] = 'ready'): WorkerInfo {
  return { index, state, pid: 100 + index, role: 'worker', restarts: 6 } as WorkerInfo;
}

const WELL: Seen = {
  ...{ seconds: 3, workers: [worker(1), worker(2)], events: [], letters: [] },
  ...{ before: metrics({ 0: 0, 1: 9_000, 2: 0 }), after: metrics({ 0: 0, 1: 9_000, 2: WAITING_MIN - 1 }) },
  machine: { cpus: 2, quota: Infinity, files: [{ pid: 101, open: 80, max: 100 }] },
};

function found(seen: Partial<Seen>): string[] {
  return findingsOf({ ...WELL, ...seen }).map(({ id, about }) => `${id}: ${about}`);
}

const event = (fields: object): TailedEvent => ({ at: 1, ...fields }) as TailedEvent;

describe('the doctor', () => {
  test('finds nothing in a system that is well, even at its limits', () => {
    expect(found({})).toEqual([]);
    expect(found({ events: [event({ event: 'worker-exited', worker: 1, code: 0, signal: null })] })).toEqual([]);
    expect(found({ machine: undefined, workers: Array.from({ length: 9 }, (_, n) => worker(n % 3)) })).toEqual([]);
  });

  test('a worker that is silent in both looks, and none that was so once', () => {
    expect(found({ before: metrics({ 0: 0, 2: 0 }), after: metrics({ 0: 0, 2: 0 }) })).toEqual([
      'worker-silent: worker 1',
    ]);
    for (const one of ['before', 'after'])
      expect(found({ [one]: metrics({ 0: 0, 2: 0 }) })).not.toContain('worker-silent: worker 1');
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

  test('mailboxes that grow beyond their bound', () => {
    expect(found({ after: metrics({ 0: 0, 1: 9_001, 2: WAITING_MIN }) })).toEqual([
      ...['mailbox-growing: worker 1', 'mailbox-growing: worker 2'],
    ]);
  });

  test('actors that fail, the most frequent first, and not more than so many', () => {
    const events = Array.from({ length: 40 }, (_, n) =>
      event({ event: 'actor-restarted', id: `a/${n % 15}`, error: 'no' }),
    );
    const ids = found({ events: [event({ event: 'actor-failed', id: 'a/7', error: 'no' }), ...events] });
    expect(ids).toHaveLength(FINDINGS_MAX);
    expect(ids[0]).toBe('actor-restarts: a/7');
  });

  test('dead letters by their reasons, each once', () => {
    const letter = { to: 'x/a', type: 't', reason: 'UNKNOWN_KIND', at: 1 };
    const [finding, ...others] = findingsOf({
      ...{ ...WELL, letters: [letter], after: metrics({ 0: 0, 1: 0, 2: 0 }, { UNKNOWN_KIND: 2 }) },
      events: [event({ event: 'dead-letter', ...letter }), event({ event: 'dead-letter', ...letter, at: 2 })],
    });
    expect(finding?.evidence).toBe('2 with UNKNOWN_KIND, the last one to x/a (t)');
    expect(others).toEqual([]);
    expect(found({ after: metrics({ 0: 0, 1: 0, 2: 0 }, { NO_WORKER: 3 }) })).toEqual(['dead-letters: NO_WORKER']);
  });

  test('a limit of open files that is near, and more workers than CPUs', () => {
    const files = [{ pid: 101, open: 81, max: 100 }];
    expect(found({ machine: { cpus: 2, quota: 1.5, files } })).toEqual(['open-files: pid 101', 'cpu-quota: 2 workers']);
  });
});
