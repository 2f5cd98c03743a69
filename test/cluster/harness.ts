/** The words of the cluster tests: start a system on real processes, kill and freeze workers, wait for what must come. */
import { type SpawnSyncOptions, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ActorInspection,
  createSystem,
  type DeadLetter,
  type System,
  type SystemOptions,
  TroupeError,
} from 'troupe';

export const ACTORS: URL = new URL('./actors/', import.meta.url);
/** Does in every worker what `inMain` asks of it. */
export const MAIN: URL = new URL('./programs/main.mjs', import.meta.url);
/** Workers may end as often as a test likes, and come back at once. */
export const TIRELESS: NonNullable<SystemOptions['supervision']> = {
  intensity: 10_000,
  backoff: { initialMs: 20, maxMs: 50, factor: 1, jitter: 0 },
};

const started: System[] = [];

export async function startSystem(options: SystemOptions = {}): Promise<System> {
  const system = await createSystem({ actors: ACTORS, workers: 2, log: 'silent', ...options });
  started.push(system);
  return system;
}

export async function stopSystems(): Promise<void> {
  await Promise.all(started.splice(0).map((system) => system.shutdown({ timeoutMs: 5_000 })));
}

export function pidOf(system: System, worker: number): number {
  const info = system.workers().find(({ index }) => index === worker);
  if (!info) throw new Error(`a worker ${worker} was expected`);
  return info.pid;
}

/** A signal to pid 0 would reach the whole process group, the tests with it. */
function signalTo(pid: number, signal: NodeJS.Signals): number {
  if (!(pid > 0)) throw new Error(`a worker that runs was expected; got pid ${pid}`);
  process.kill(pid, signal);
  return pid;
}

export function kill(system: System, worker: number): number {
  return signalTo(pidOf(system, worker), 'SIGKILL');
}

export function freeze(system: System, worker: number): number {
  return signalTo(pidOf(system, worker), 'SIGSTOP');
}

export async function whenReady(system: System, worker: number, before = 0): Promise<void> {
  await until(`worker ${worker} is ready again`, () =>
    system.workers().some(({ index, state, pid }) => index === worker && state === 'ready' && pid !== before),
  );
}

/** Every worker is ready, and what has come back hosts its share. */
export async function whenAllReady(system: System): Promise<void> {
  await until('all workers are ready', () => system.workers().every(({ state }) => state === 'ready'));
}

/** An id of `kind` that lives on the worker. */
export async function idOn(system: System, kind: string, worker: number, prefix = 'k'): Promise<string> {
  for (let n = 0; n < 1_000; n++) {
    const id = `${kind}/${prefix}${n}`;
    if ((await system.where(id)).worker === worker) return id;
  }
  throw new Error(`an id on worker ${worker} was expected`);
}

/** One id on each worker that is ready. */
export async function idsOnAll(system: System, kind: string, prefix = 'k'): Promise<string[]> {
  const ids: string[] = [];
  for (const { index } of system.workers()) ids.push(await idOn(system, kind, index, prefix));
  return ids;
}

export interface Fault {
  code: string | undefined;
  fate: string | undefined;
  message: string;
  reason: string | undefined;
  data: unknown;
  cause: { name: string; message: string; stack: string | undefined } | undefined;
}

/** What a promise is rejected with. */
export async function faultOf(promise: Promise<unknown>): Promise<Fault> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    if (!(error instanceof TroupeError)) throw error;
    const { code, fate, message, reason, data } = error;
    const cause = error.cause instanceof Error ? error.cause : undefined;
    return {
      ...{ code, fate, message, reason, data },
      cause: cause && { name: cause.name, message: cause.message, stack: cause.stack },
    };
  }
  throw new Error(`a rejection was expected; got ${String(value)}`);
}

export type Outcome = { value: unknown; fault?: undefined } | { value?: undefined; fault: Fault };

const done = new Map<number, (outcome: Outcome) => void>();
let lastNumber = 0;

/** Lets `main` of a worker make a call of the system; the system has `main: MAIN` and `listenToMains` was called. */
export function inMain(system: System, worker: number, call: string, ...args: unknown[]): Promise<Outcome> {
  const number = ++lastNumber;
  return new Promise((resolve) => {
    done.set(number, resolve);
    system.publish(`main-${worker}`, { type: 'call', number, call, args } as { type: string });
  });
}

export async function listenToMains(system: System): Promise<void> {
  await system.subscribe('from-main', (message) => {
    const { number, ...outcome } = message as { number: number } & Outcome;
    done.get(number)?.(outcome);
    done.delete(number);
  });
}

/** Dead letters from now on, of the whole system. */
export function collectDeadLetters(system: System): DeadLetter[] {
  const letters: DeadLetter[] = [];
  system.on('dead-letter', (letter) => letters.push(letter));
  return letters;
}

export async function until(what: string, check: () => unknown, timeoutMs = 10_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await check())) {
    if (Date.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await sleep(10);
  }
}

/** A turn of that type runs, and so many messages are behind it: what was sent has come to the worker of the actor. */
export async function untilInTurn(
  at: { inspect(id: string): Promise<ActorInspection> },
  id: string,
  type: string,
  behind = 0,
): Promise<void> {
  await until(`${id} is in a turn of ${type}, ${behind} behind it`, async () => {
    const { turn, mailbox } = await at.inspect(id);
    return turn?.type === type && mailbox.count >= behind;
  });
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A zombie is not alive: it has ended, and waits only to be noticed. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** The processes that a process has forked and that live. */
export function childrenOf(pid: number): number[] {
  try {
    // Each thread has children of its own: those of loader hooks are not the main thread's.
    const threads = readdirSync(`/proc/${pid}/task`);
    const text = threads.map((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8')).join(' ');
    return text.split(' ').filter(Boolean).map(Number).filter(isAlive);
  } catch {
    return [];
  }
}

/** The folders of link sockets of a master. */
export function socketFoldersOf(pid: number): string[] {
  return readdirSync(tmpdir())
    .filter((name) => name.startsWith(`troupe-${pid}-`))
    .map((name) => join(tmpdir(), name));
}

/** 0, 1, 2 … count-1. */
export function numbers(count: number, from = 0): number[] {
  return Array.from({ length: count }, (_, n) => from + n);
}

/** Rising, without repeats: gaps are allowed, swaps and doubles are not. */
export function isInOrder(seen: readonly number[]): boolean {
  return seen.every((n, at) => at === 0 || n > (seen[at - 1] as number));
}

/** A file to which the actors of all workers append, so that what they did is known when they are dead. */
export interface Diary {
  path: string;
  lines(): string[];
}

const folders: string[] = [];

export function openDiary(): Diary {
  const folder = mkdtempSync(join(tmpdir(), 'diary-'));
  folders.push(folder);
  const path = join(folder, 'diary');
  return { path, lines: () => readDiary(path) };
}

function readDiary(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').filter(Boolean);
  } catch {
    return [];
  }
}

export function removeDiaries(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** Milliseconds that a program of a test may take which is waited for without a turn of the event loop: no time limit of a test ends it. */
const PROGRAM_MS_MAX = 60_000;

/** Runs a program to its end. Throws where it does not come to one. */
export function endedProgram(
  file: string,
  args: readonly string[],
  options: SpawnSyncOptions,
): { status: number | null; stdout: string; stderr: string } {
  const limits = { timeout: PROGRAM_MS_MAX, killSignal: 'SIGKILL', encoding: 'utf8' } as const;
  const { error, status, stdout, stderr } = spawnSync(file, args, { ...options, ...limits });
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ETIMEDOUT')
    throw new Error(
      `not within ${PROGRAM_MS_MAX} ms: the end of ${[file, ...args].join(' ')}; it said ${stdout}${stderr}`,
    );
  if (error !== undefined) throw error;
  return { status, stdout, stderr };
}
