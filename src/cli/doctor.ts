/** `troupe doctor`: looks twice at a system, and says what it finds. */
import { existsSync, readdirSync, readFileSync, statfsSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import type { ConnectedClient } from '../client/connected-client.ts';
import type { TailedEvent, TailedEvents } from '../gateway/event-tail.ts';
import type { ListedLetter } from '../gateway/system-calls.ts';
import type { BlockedLoop, Checkup } from '../observe/checkup.ts';
import type { ClusterCheckup } from '../observe/cluster-checkup.ts';
import type { SystemMetrics } from '../system/metrics.ts';
import { STORE_FOLDER } from '../store/store.ts';
import { cpuQuota, memoryLimit } from '../vocabulary/container-limits.ts';
import type { WorkerInfo } from '../wire/control.ts';
import { clusterFindingsOf, clusterText } from './cluster-findings.ts';
import { type CommandPlan, wholeOption } from '../cli-ground/command.ts';
import { DONE, FAILED } from '../cli-ground/exit-codes.ts';
import type { Finding, Look, Machine, Seen } from './finding.ts';
import { findingsOf } from './findings.ts';
import type { Output } from '../cli-ground/output.ts';
import { dataDirsOf, withSystem } from '../cli-ground/reached-system.ts';

const SECONDS = 2;
const SECONDS_MAX = 600;
/** Milliseconds for an answer of a system that is busy. */
const ANSWER_MS = 15_000;
/** Milliseconds for a look at all machines, of which some do not answer. */
const CLUSTER_MS = 45_000;
/** Events are fetched so often, so that a storm of them is counted in full; loops are asked so often whether they answer. */
const FETCH_MS = 250;
const LOOPS_MS = 500;

const doctor: CommandPlan = {
  usage: 'doctor',
  summary:
    'look twice at a system, and say what is wrong, by what evidence, and what to do; exit code 1 where something is',
  example: 'troupe doctor --seconds 10',
  options: [
    ['--seconds <seconds>', `between the two looks (default: ${SECONDS})`],
    ['--cluster', 'look at all machines of the cluster, and at its database'],
  ],
  run: (_args, options, output) => {
    const { seconds: given, cluster } = options;
    if (cluster === true) return withSystem(options, (client) => lookAtCluster(client, output));
    const seconds = given === undefined ? SECONDS : wholeOption(given, '--seconds', 1, SECONDS_MAX);
    return withSystem(options, async (client) => {
      output.progress(`looking for ${seconds} s …`);
      const dataDirs = options.connect === undefined ? dataDirsOf(options) : undefined;
      const findings = findingsOf(await lookTwice(client, seconds, dataDirs));
      output.result(findings, () => textOf(findings, output));
      return findings.length === 0 ? DONE : FAILED;
    });
  },
};

async function lookAtCluster(client: ConnectedClient, output: Output): Promise<number> {
  output.progress('looking at all machines …');
  const seen = (await client.call('cluster-checkup', [], CLUSTER_MS)) as ClusterCheckup;
  const findings = clusterFindingsOf(seen);
  output.result(findings, () => `${clusterText(seen)}\n${textOf(findings, output)}`);
  return findings.length === 0 ? DONE : FAILED;
}

async function lookTwice(client: ConnectedClient, seconds: number, dataDirs?: string[]): Promise<Seen> {
  const call = async <T>(name: string, args: number[] = []): Promise<T> =>
    (await client.call(name, args, ANSWER_MS)) as T;
  const events: TailedEvent[] = [];
  const blocked: BlockedLoop[] = [];
  const fetch = async (): Promise<void> => void events.push(...(await call<TailedEvents>('events', [0])).events);
  const askLoops = async (): Promise<void> => void blocked.push(...(await call<BlockedLoop[]>('blocked-loops')));
  const look = async (): Promise<Look> => {
    const [metrics, checkups] = await Promise.all([call<SystemMetrics>('metrics'), call<Checkup[]>('checkups')]);
    return { metrics, checkups };
  };
  // The time runs from here: a worker that does not answer the first look takes a second of it.
  const until = performance.now() + seconds * 1_000;
  await fetch();
  const [fetching, asking] = [pollUntil(until, FETCH_MS, fetch), pollUntil(until, LOOPS_MS, askLoops)];
  const before = await look();
  await fetching;
  // A blocked loop is asked for as long as this look waits for its worker.
  const [after, workers, letters, { pid }] = await Promise.all([
    look(),
    call<WorkerInfo[]>('workers'),
    call<ListedLetter[]>('dead-letters'),
    call<{ pid: number }>('info'),
    asking,
  ]);
  await fetch();
  const machine = dataDirs && machineOf([pid, ...workers.map((each) => each.pid)], dataDirs);
  return { seconds, before, after, workers, events, letters, blocked, machine };
}

async function pollUntil(until: number, everyMs: number, act: () => Promise<void>): Promise<void> {
  for (;;) {
    await act();
    const leftMs = until - performance.now();
    if (leftMs <= 0) return;
    await new Promise((resolve) => setTimeout(resolve, Math.min(everyMs, leftMs)));
    // Another one would end behind the second look.
    if (leftMs <= everyMs) return;
  }
}

/** Linux tells; elsewhere it is not known. */
function machineOf(pids: readonly number[], dataDirs: readonly string[]): Machine {
  const files = pids.flatMap((pid) => {
    try {
      const [, max] = /^Max open files\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8')) ?? [];
      return max === undefined ? [] : [{ pid, open: readdirSync(`/proc/${pid}/fd`).length, max: Number(max) }];
    } catch {
      return [];
    }
  });
  const memoryBytes = Math.min(memoryLimit(), totalmem());
  return { cpus: availableParallelism(), quota: cpuQuota(), files, memoryBytes, disk: diskOf(dataDirs) };
}

/** Of a system with durable actors. */
function diskOf(dataDirs: readonly string[]): Machine['disk'] {
  const path = dataDirs.map((dataDir) => join(dataDir, STORE_FOLDER)).find((folder) => existsSync(folder));
  if (path === undefined) return undefined;
  const { bavail, bsize, blocks } = statfsSync(path);
  return { path, freeBytes: bavail * bsize, totalBytes: blocks * bsize };
}

function textOf(findings: readonly Finding[], output: Output): string {
  if (findings.length === 0) return output.style('green', 'nothing found');
  return findings.map(({ id, evidence, advice }) => `${output.style('red', id)}: ${evidence}\n  ${advice}`).join('\n');
}

export const DOCTOR: readonly CommandPlan[] = [doctor];
