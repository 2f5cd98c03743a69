/** The families of a system: how many series there may be, and that a worker that is replaced begins anew. */
import { expect, it } from 'vitest';
import { LABEL_LENGTH_MAX, LABELS_MAX, systemMetricsText } from '../../../src/exposition/system-metrics-text.ts';
import { MetricsLook, METRICS_LOOK_MS } from '../../../src/exposition/metrics-look.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import type { MachineInfo } from '../../../src/observe/machine-info.ts';
import type { GatewayMetrics } from '../../../src/observe/outside-gateways.ts';
import { type ProcessMetrics, systemMetrics } from '../../../src/system/metrics.ts';
import type { System } from '../../../src/system/system.ts';
import type { WorkerInfo } from '../../../src/wire/control.ts';
import { type ReadSample, readOpenMetrics } from './open-metrics.ts';

function processOf(worker: number, parts: Partial<ProcessMetrics> = {}): ProcessMetrics {
  const counts = { actors: 1, mailbox: 2, pendingAsks: 3, deadLetters: 0, queueBytes: 5, heapBytes: 6, rssBytes: 7 };
  const usual = {
    worker,
    role: 'a',
    pid: 9,
    ...counts,
    deadLettersBy: {},
    cpuMs: 1_500,
    asksTimedOutBy: {},
    links: [],
    gc: undefined,
    commits: undefined,
    kinds: {},
    gateways: [],
  };
  return { ...usual, loop: { utilization: 0.5, delayMs: undefined }, ...parts } as ProcessMetrics;
}

function samplesOf(processes: ProcessMetrics[], workers: WorkerInfo[] = []): ReadSample[] {
  const source = { name: 'troupe', version: '1', metrics: systemMetrics(processes, undefined), workers };
  return readOpenMetrics(systemMetricsText(source).text('openmetrics')).flatMap(({ samples }) => samples);
}

const valueAt = (samples: ReadSample[], name: string, labels: Record<string, string>): number | undefined =>
  samples.find((one) => one.name === name && Object.entries(labels).every(([key, value]) => one.labels[key] === value))
    ?.value;

const counters = { activations: 1, messages: 10, failures: 2, restarts: 3, handlingMs: undefined, waitMs: undefined };

it('kinds beyond the bound are one series, in which nothing is lost', () => {
  const names = Array.from({ length: LABELS_MAX + 300 }, (_, n) => `kind-${String(n).padStart(4, '0')}`);
  const kinds = Object.fromEntries(names.map((name) => [name, counters]));
  const samples = samplesOf([processOf(1, { kinds } as Partial<ProcessMetrics>)]);
  const messages = samples.filter(({ name }) => name === 'messaging_client_consumed_messages_total');
  expect(messages).toHaveLength(LABELS_MAX + 1);
  expect(messages.reduce((sum, { value }) => sum + value, 0)).toBe(10 * names.length);
  expect(valueAt(messages, 'messaging_client_consumed_messages_total', { kind: 'other' })).toBe(3_000);
});

it('queues of the same name at two brokers are one series; long names are cut, odd ones written as they are', () => {
  const queue = (name: string): object => ({
    queue: name,
    delivered: 1,
    acknowledged: 1,
    requeued: 0,
    rejected: 0,
    unacknowledged: 0,
  });
  const gateway = (...names: string[]): GatewayMetrics =>
    ({
      kind: 'rabbitmq',
      worker: 1,
      state: 'connected',
      connects: 1,
      queues: names.map(queue),
      exchanges: [],
    }) as unknown as GatewayMetrics;
  const odd = 'a "queue"\n\\of\r\u0000 someone';
  const samples = samplesOf([processOf(1, { gateways: [gateway('mail', odd), gateway('mail', 'x'.repeat(1_000))] })]);
  const delivered = samples.filter(({ name }) => name === 'troupe_broker_delivered_messages_total');
  expect(delivered.map(({ labels, value }) => [labels.queue, value])).toEqual([
    ['mail', 2],
    [odd.replace('\r', ''), 1],
    ['x'.repeat(LABEL_LENGTH_MAX), 1],
  ]);
});

it('counters are those of a worker, not sums that fall when one is replaced', () => {
  const kinds = { order: counters } as unknown as ProcessMetrics['kinds'];
  const samples = samplesOf([processOf(1, { kinds }), processOf(2, { kinds })]);
  const name = 'messaging_client_consumed_messages_total';
  expect([1, 2].map((worker) => valueAt(samples, name, { kind: 'order', worker: String(worker) }))).toEqual([10, 10]);
  expect(valueAt(samples, 'process_cpu_time_seconds_total', { worker: '2' })).toBe(1.5);
});

it('a worker that is ready and does not answer is counted', () => {
  const worker = (index: number, state: string): WorkerInfo => ({ index, role: 'a', state, restarts: 4 }) as WorkerInfo;
  const samples = samplesOf(
    [processOf(0), processOf(1)],
    [worker(1, 'ready'), worker(2, 'ready'), worker(3, 'starting')],
  );
  expect(valueAt(samples, 'troupe_workers_silent', {})).toBe(1);
  expect(samples.filter(({ name }) => name === 'troupe_worker_ready').map(({ value }) => value)).toEqual([1, 1, 0]);
});

it('one look serves those who come meanwhile and shortly after; one that failed is not kept', async () => {
  const clock = new VirtualClock();
  let looks = 0;
  let fault: Error | undefined;
  const system = {
    name: 'troupe',
    workers: () => [],
    machines: () => [],
    on: () => () => {},
    metrics: async () => {
      looks++;
      if (fault) throw fault;
      return systemMetrics([processOf(0)], undefined);
    },
  } as unknown as System;
  const look = new MetricsLook(system, clock, '1');
  await Promise.all([look.text(), look.text(), look.text()]);
  await look.text();
  expect(looks).toBe(1);
  await clock.advance(METRICS_LOOK_MS);
  fault = new Error('not now');
  await expect(look.text()).rejects.toThrow('not now');
  fault = undefined;
  await look.text();
  expect(looks).toBe(3);
});

it('machines are counted by their state, with what this one does; a system of one machine has none', () => {
  const machine = (id: string, state: MachineInfo['state']): MachineInfo => ({
    ...{ id, state, address: `${id}:1`, workers: 2, leaseMs: 15_000 },
  });
  const read = (seen: MachineInfo[]): (readonly [string, string | undefined, number])[] => {
    const machines = { seen, isSuspended: true, suspensions: 3 };
    const source = { name: 'troupe', version: '1', metrics: systemMetrics([processOf(0)], undefined), workers: [] };
    return readOpenMetrics(systemMetricsText({ ...source, machines }).text('openmetrics'))
      .flatMap(({ samples }) => samples)
      .filter(({ name }) => name.startsWith('troupe_machine'))
      .map(({ name, labels, value }) => [name, labels.state, value] as const);
  };
  expect(read([machine('a', 'live'), machine('b', 'lost'), machine('c', 'live')])).toEqual([
    ['troupe_machines', 'live', 2],
    ['troupe_machines', 'leaving', 0],
    ['troupe_machines', 'lost', 1],
    ['troupe_machine_suspended', undefined, 1],
    ['troupe_machine_suspensions_total', undefined, 3],
  ]);
  expect(read([])).toEqual([]);
});

it('times are spread over the bounds; what a bucket holds never counts below where it may be', () => {
  const buckets: [number, number][] = [
    [0.09, 1],
    [0.1, 2],
    [0.11, 4],
    [1_000, 8],
    [20_000, 16],
  ];
  const timing = { p50: 1, p95: 1, p99: 1, max: 1, count: 31, sum: 500, buckets, recent: [] };
  const kinds = { order: { ...counters, handlingMs: timing } } as unknown as ProcessMetrics['kinds'];
  const samples = samplesOf([processOf(1, { kinds })]);
  const of = (le: string): number | undefined =>
    valueAt(samples, 'messaging_process_duration_seconds_bucket', { le, kind: 'order' });
  expect(['0.0001', '0.0005', '0.75', '1.0', '10.0', '+Inf'].map(of)).toEqual([3, 7, 7, 15, 15, 31]);
  expect(valueAt(samples, 'messaging_process_duration_seconds_sum', {})).toBe(0.5);
});
