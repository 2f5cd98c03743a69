/**
 * The metrics of a system, as a scraper reads them. Names are those of OpenTelemetry's conventions where it has one (messaging, process, Node.js, V8), as its
 * translation for Prometheus writes them; the rest is `troupe_…`. Each series has the worker as a label: a worker that is replaced begins
 * at 0, as scrapers expect of a counter, which a sum over workers would not. No label is an id.
 */
import type { MachineInfo } from '../observe/machine-info.ts';
import type { HandoffMetrics } from '../observe/handoff-metrics.ts';
import type { GatewayMetrics } from '../observe/outside-gateways.ts';
import type { ClientMetrics } from '../observe/client-metrics.ts';
import type { ProcessMetrics, SystemMetrics } from '../system/metrics.ts';
import type { WorkerInfo } from '../wire/control.ts';
import type { Timing } from '../observe/timing.ts';
import { type Distribution, type Labels, MetricsText } from './metrics-text.ts';

/** Kinds, queues and exchanges with series of their own, each; those that come later by name are one series, `other`. */
export const LABELS_MAX = 200;
/** Characters of a label that is named outside, such as a queue. */
export const LABEL_LENGTH_MAX = 128;
const OTHER = 'other';
/** Upper bounds of durations in seconds: those that OpenTelemetry advises for messaging, and three below. */
export const DURATION_BOUNDS: readonly number[] = [
  ...[0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1],
  ...[0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
];

export interface MetricsSource {
  readonly name: string;
  readonly version: string;
  readonly metrics: SystemMetrics;
  readonly workers: readonly WorkerInfo[];
  readonly machines?: MachinesSource;
}

export interface MachinesSource {
  /** Of the cluster, as this machine sees them; none where the system is one machine. */
  readonly seen: readonly MachineInfo[];
  /** This machine has no lease, and handles nothing. */
  readonly isSuspended: boolean;
  readonly suspensions: number;
}

export function systemMetricsText({ name, version, metrics, workers, machines }: MetricsSource): MetricsText {
  const text = new MetricsText();
  text.info('troupe_system', 'The system that these are the metrics of.', { system: name, version });
  for (const worker of workers) addWorker(text, worker);
  const answered = new Set(metrics.workers.map(({ worker }) => worker));
  const silent = workers.filter(({ index, state }) => state === 'ready' && !answered.has(index)).length;
  text.gauge(
    'troupe_workers_silent',
    'Ready workers that did not answer in time, and are not in these metrics.',
    silent,
  );
  const kinds = new LabelSet(Object.keys(metrics.kinds));
  for (const process of metrics.workers) addProcess(text, process, kinds);
  if (metrics.handoffs !== undefined) addHandoffs(text, metrics.handoffs);
  if (metrics.clients !== undefined) addConnected(text, metrics.clients);
  for (const { worker, clients } of metrics.workers) if (clients !== undefined) addClients(text, clients, { worker });
  addGateways(text, metrics.gateways);
  if (machines !== undefined && machines.seen.length > 0) addMachines(text, machines);
  return text;
}

/** The names that have series of their own; however many there are, the series are bounded. */
class LabelSet {
  readonly #names: ReadonlySet<string>;

  constructor(names: Iterable<string>) {
    this.#names = new Set([...new Set(names)].sort().slice(0, LABELS_MAX));
  }

  of(name: string): string {
    return this.#names.has(name) ? name.slice(0, LABEL_LENGTH_MAX) : OTHER;
  }
}

function addWorker(text: MetricsText, { index, role, state, restarts }: WorkerInfo): void {
  const labels = { worker: index, role };
  text.gauge('troupe_worker_ready', '1 where the worker is ready, else 0.', state === 'ready' ? 1 : 0, labels);
  text.counter('troupe_worker_restarts', 'Times that the worker was started again.', restarts, labels);
}

function addProcess(text: MetricsText, process: ProcessMetrics, kinds: LabelSet): void {
  const labels = { worker: process.worker };
  text.gauge('troupe_actors', 'Actors in memory.', process.actors, labels);
  text.gauge('troupe_mailbox_messages', 'Messages that wait in mailboxes.', process.mailbox, labels);
  text.gauge('troupe_pending_asks', 'Asks in flight.', process.pendingAsks, labels);
  text.gauge('troupe_queue_bytes', 'Bytes in all queues, about.', process.queueBytes, labels);
  for (const [reason, count] of Object.entries(process.deadLettersBy))
    text.counter('troupe_dead_letters', 'Messages that could not be handled.', count, { ...labels, reason });
  const unanswered = 'Asks made here that timed out, by the kind that was asked.';
  for (const [kind, count] of Object.entries(process.asksTimedOutBy))
    text.counter('troupe_ask_timeouts', unanswered, count, { kind: kinds.of(kind), ...labels });
  for (const [name, counters] of Object.entries(process.kinds))
    addKind(text, counters, { kind: kinds.of(name), ...labels });
  addCommits(text, process);
  for (const link of process.links) {
    text.counter('troupe_link_written_bytes', 'Bytes of frames to the other processes.', link.bytesOut, labels);
    text.counter('troupe_link_read_bytes', 'Bytes of frames of the other processes.', link.bytesIn, labels);
    text.gauge('troupe_link_waiting', 'Messages, replies and signals that wait for links.', link.waiting, labels);
  }
  const { gc } = process;
  const collections = gc && { count: gc.count, sum: gc.ms / 1_000 };
  if (collections)
    text.summary('v8js_gc_duration_seconds', 'Garbage collections, while they are counted.', collections, labels);
  text.counter('process_cpu_time_seconds', 'Processor time.', process.cpuMs / 1_000, labels);
  text.gauge('process_memory_usage_bytes', 'Resident memory.', process.rssBytes, labels);
  text.gauge('v8js_memory_heap_used_bytes', 'Bytes of heap in use.', process.heapBytes, labels);
  const { utilization, delayMs } = process.loop;
  text.gauge(
    'nodejs_eventloop_utilization_ratio',
    'Share of the time in which the event loop was busy.',
    utilization,
    labels,
  );
  for (const name of ['p50', 'p99', 'max'] as const) {
    const help = `How late the event loop came to its timers: ${name}.`;
    text.gauge(`nodejs_eventloop_delay_${name}_seconds`, help, delayMs && delayMs[name] / 1_000, labels);
  }
}

function addKind(
  text: MetricsText,
  counters: ProcessMetrics['kinds'][string],
  labels: { kind: string; worker: number },
): void {
  const { messages, failures, activations, restarts } = counters;
  text.counter('messaging_client_consumed_messages', 'Messages whose handler ran.', messages, labels);
  text.counter('troupe_handler_failures', 'Messages whose handler threw.', failures, labels);
  text.counter('troupe_actor_activations', 'Actors that came into memory.', activations, labels);
  text.counter('troupe_actor_restarts', 'Actors that were started again after a failure.', restarts, labels);
  const { handlingMs, waitMs } = counters;
  const [handling, waiting] = ['From the call of a handler to its end.', 'From a mailbox to the call of a handler.'];
  addTiming(text, 'messaging_process_duration_seconds', handling, handlingMs, labels);
  addTiming(text, 'troupe_mailbox_wait_seconds', waiting, waitMs, labels);
}

/** They are from samples, and begin anew where nobody has looked for a minute. */
function addTiming(text: MetricsText, name: string, help: string, timing: Timing | undefined, labels: Labels): void {
  if (timing !== undefined) text.histogram(name, help, DURATION_BOUNDS, distributionOf(timing), labels);
}

/** Into the bounds, each bucket as a whole: one that reaches beyond a bound counts above it. */
function distributionOf({ count, sum, buckets, exemplar }: Timing): Distribution {
  const counts = DURATION_BOUNDS.map(() => 0);
  for (const [upTo, messages] of buckets) {
    const at = DURATION_BOUNDS.findIndex((bound) => upTo <= bound * 1_000 * (1 + 1e-9));
    if (at >= 0) counts[at] = (counts[at] as number) + messages;
  }
  if (exemplar === undefined) return { count, sum: sum / 1_000, counts };
  const { ms, ...trace } = exemplar;
  return { count, sum: sum / 1_000, counts, exemplar: { ...trace, value: ms / 1_000 } };
}

function addHandoffs(text: MetricsText, handoffs: HandoffMetrics): void {
  text.gauge('troupe_handoffs_open', 'Units of placement on the way to another worker.', handoffs.open);
  text.counter('troupe_handoffs', 'Units of placement that went to another worker, or stayed.', handoffs.done, {
    outcome: 'done',
  });
  text.counter('troupe_handoffs', 'Units of placement that went to another worker, or stayed.', handoffs.failed, {
    outcome: 'failed',
  });
}

/** Each machine tells of all, so that a scraper sees who has lost sight of whom. */
function addMachines(text: MetricsText, { seen, isSuspended, suspensions }: MachinesSource): void {
  for (const state of ['live', 'leaving', 'lost'] as const) {
    const count = seen.filter((machine) => machine.state === state).length;
    text.gauge('troupe_machines', 'Machines of the cluster, as this one sees them.', count, { state });
  }
  const now = '1 while this machine has no lease and handles nothing, else 0.';
  text.gauge('troupe_machine_suspended', now, isSuspended ? 1 : 0);
  text.counter('troupe_machine_suspensions', 'Times that this machine lost its lease.', suspensions);
}

function addCommits(text: MetricsText, { worker, commits }: ProcessMetrics): void {
  if (commits === undefined) return;
  const labels = { worker };
  const { commits: count, records, totalMs, failed } = commits;
  const duration = { count, sum: totalMs / 1_000 };
  text.summary(
    'troupe_commit_duration_seconds',
    'Transactions of the store, until they were on disk.',
    duration,
    labels,
  );
  text.counter('troupe_commit_records', 'Records in them.', records, labels);
  text.counter('troupe_commit_failures', 'Those that failed.', failed, labels);
}

/** A client counts once, whatever sockets of workers it has come to. */
function addConnected(text: MetricsText, { connected, sessions, accepted }: ClientMetrics): void {
  text.gauge('troupe_clients', 'Clients that are connected.', connected);
  text.gauge('troupe_client_sessions', 'Sessions that are remembered.', sessions);
  text.counter('troupe_clients_accepted', 'Connections that were let in.', accepted);
}

/** Of one process: the one that serves them, or a worker at its socket. */
function addClients(text: MetricsText, clients: ClientMetrics, labels: Labels): void {
  text.counter('troupe_clients_cut', 'Connections that were cut.', clients.cut, labels);
  for (const [cause, count] of Object.entries(clients.refused))
    text.counter('troupe_clients_refused', 'Connections that were not let in.', count, { cause, ...labels });
  text.counter('troupe_client_messages', 'Messages that were taken from clients.', clients.messages, labels);
  text.counter('troupe_client_read_bytes', 'Bytes that were read from clients.', clients.bytesRead, labels);
  text.counter('troupe_client_written_bytes', 'Bytes that were written to clients.', clients.bytesWritten, labels);
}

function addGateways(text: MetricsText, gateways: readonly GatewayMetrics[]): void {
  const queues = new LabelSet(gateways.flatMap((one) => one.queues.map(({ queue }) => queue)));
  const exchanges = new LabelSet(gateways.flatMap((one) => one.exchanges.map(({ exchange }) => exchange)));
  for (const { kind: broker, worker, state, connects, ...found } of gateways) {
    const labels = { broker, worker };
    text.gauge('troupe_broker_connected', 'Connections to brokers that stand.', state === 'connected' ? 1 : 0, labels);
    text.counter('troupe_broker_connects', 'Connections that were made to brokers.', connects, labels);
    for (const one of found.queues) {
      const at = { ...labels, queue: queues.of(one.queue) };
      text.counter('troupe_broker_delivered_messages', 'Messages that came from a queue.', one.delivered, at);
      text.counter('troupe_broker_acknowledged_messages', 'Those that were handled.', one.acknowledged, at);
      text.counter('troupe_broker_requeued_messages', 'Those that were given back.', one.requeued, at);
      text.counter('troupe_broker_rejected_messages', 'Those that were given up.', one.rejected, at);
      text.gauge('troupe_broker_unacknowledged_messages', 'Those in flight.', one.unacknowledged, at);
    }
    for (const one of found.exchanges) {
      const at = { ...labels, exchange: exchanges.of(one.exchange) };
      text.counter('troupe_broker_published_messages', 'Messages that were written to an exchange.', one.published, at);
      text.counter('troupe_broker_confirmed_messages', 'Those that the broker took.', one.confirmed, at);
      text.counter('troupe_broker_returned_messages', 'Those that no queue took.', one.returned, at);
      text.counter('troupe_broker_nacked_messages', 'Those that the broker refused.', one.nacked, at);
      text.gauge('troupe_broker_unconfirmed_messages', 'Those in flight.', one.unconfirmed, at);
    }
  }
}
