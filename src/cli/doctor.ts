/** `troupe doctor`: looks twice at a system, and says what it finds. */
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { ConnectedClient } from '../client/connected-client.ts';
import type { TailedEvent, TailedEvents } from '../gateway/event-tail.ts';
import type { ListedLetter } from '../gateway/system-calls.ts';
import type { SystemMetrics } from '../system/metrics.ts';
import { cpuQuota } from '../vocabulary/control-groups.ts';
import type { WorkerInfo } from '../wire/control.ts';
import { type CommandPlan, wholeOption } from './command.ts';
import { DONE, FAILED } from './exit-codes.ts';
import { type Finding, findingsOf, type Machine, type Seen } from './findings.ts';
import type { Output } from './output.ts';
import { withSystem } from './reached-system.ts';

const SECONDS = 3;
const SECONDS_MAX = 600;
/** Milliseconds for an answer of a system that is busy. */
const ANSWER_MS = 15_000;
/** Events are fetched so often, so that a storm of them is counted in full. */
const FETCH_MS = 250;

const doctor: CommandPlan = {
  usage: 'doctor',
  summary:
    'look twice at a system, and say what is wrong, by what evidence, and what to do; exit code 1 where something is',
  example: 'troupe doctor --seconds 10',
  options: [['--seconds <seconds>', `between the two looks (default: ${SECONDS})`]],
  run: (_args, options, output) => {
    const { seconds: given } = options;
    const seconds = given === undefined ? SECONDS : wholeOption(given, '--seconds', 1, SECONDS_MAX);
    return withSystem(options, async (client) => {
      output.progress(`looking for ${seconds} s …`);
      const findings = findingsOf(await lookTwice(client, seconds, options.connect === undefined));
      output.result(findings, () => textOf(findings, output));
      return findings.length === 0 ? DONE : FAILED;
    });
  },
};

async function lookTwice(client: ConnectedClient, seconds: number, isNear: boolean): Promise<Seen> {
  const call = async <T>(name: string, args: number[] = []): Promise<T> =>
    (await client.call(name, args, ANSWER_MS)) as T;
  const events: TailedEvent[] = [];
  const fetch = async (): Promise<void> => void events.push(...(await call<TailedEvents>('events', [0])).events);
  await fetch();
  const before = await call<SystemMetrics>('metrics');
  for (const until = performance.now() + seconds * 1_000; performance.now() < until; await fetch())
    await new Promise((resolve) => setTimeout(resolve, FETCH_MS));
  const after = await call<SystemMetrics>('metrics');
  const workers = await call<WorkerInfo[]>('workers');
  const letters = await call<ListedLetter[]>('dead-letters');
  await fetch();
  const { pid } = await call<{ pid: number }>('info');
  const machine = isNear ? machineOf([pid, ...workers.map((worker) => worker.pid)]) : undefined;
  return { seconds, before, after, workers, events, letters, machine };
}

/** Linux tells; elsewhere it is not known. */
function machineOf(pids: readonly number[]): Machine {
  const files = pids.flatMap((pid) => {
    try {
      const [, max] = /^Max open files\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8')) ?? [];
      return max === undefined ? [] : [{ pid, open: readdirSync(`/proc/${pid}/fd`).length, max: Number(max) }];
    } catch {
      return [];
    }
  });
  return { cpus: availableParallelism(), quota: cpuQuota(), files };
}

function textOf(findings: readonly Finding[], output: Output): string {
  if (findings.length === 0) return output.style('green', 'nothing found');
  return findings.map(({ id, evidence, advice }) => `${output.style('red', id)}: ${evidence}\n  ${advice}`).join('\n');
}

export const DOCTOR: readonly CommandPlan[] = [doctor];
