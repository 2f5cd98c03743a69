/**
 * Three machines, each a system in processes of its own, and one real PostgreSQL: everything between them goes through proxies of the test's
 * process, one from each machine to the database and one for each direction between two machines.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isAlive, PostgresServer } from '../postgres/postgres-server.ts';
import { TcpProxy } from '../postgres/tcp-proxy.ts';
import { freePort } from '../free-port.ts';

const PROGRAM = fileURLToPath(new URL('./machine.mjs', import.meta.url));
const DIVERT = new URL('./divert.mjs', import.meta.url).href;
const START_MS_MAX = 60_000;

export interface RigOptions {
  readonly machines: number;
  readonly leaseMs: number;
  /** Level of what machines write into `folder/machine-N.log`. Default `warn`. */
  readonly log?: string;
  /** What a machine that starts is to do beside serving: options of `Driver`. */
  driverOf?(machine: Machine): object | undefined;
  /** Whether machines halt at steps of hand-overs, as they are armed to (`halting-log.mjs`); with which step that starts. */
  haltOf?(machine: Machine): string;
  said?(machine: Machine, message: Record<string, unknown>): void;
}

/** A place for a machine: what runs there comes and goes, its addresses stay. */
export interface Machine {
  readonly number: number;
  readonly port: number;
  readonly toDatabase: TcpProxy;
  /** By the number of the other one: what this machine dials. */
  readonly to: Map<number, TcpProxy>;
  /** Of the start that runs; `m2.3` is the third one of machine 2. */
  name: string;
  starts: number;
  child: ChildProcess | undefined;
  /** As it named itself when it started. */
  id: string;
  isFrozen: boolean;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

export class Rig {
  readonly folder: string;
  readonly server: PostgresServer;
  readonly machines: Machine[] = [];
  /** Name of the cluster that machines join from now on; each has tables of its own. Default: that of the product. */
  cluster: string | undefined;
  readonly #options: RigOptions;
  readonly #waiting = new Map<number, Waiting & { child: ChildProcess }>();
  #last = 0;

  private constructor(server: PostgresServer, options: RigOptions) {
    this.server = server;
    this.#options = options;
    this.folder = mkdtempSync(join(tmpdir(), 'troupe-rig-'));
  }

  /** The database and the ways, and no machine yet. */
  static async make(options: RigOptions): Promise<Rig> {
    const rig = new Rig(await PostgresServer.start({ max_connections: 200 }), options);
    for (let number = 1; number <= options.machines; number++) {
      rig.machines.push({
        ...{ number, port: await freePort(), toDatabase: await TcpProxy.open(rig.server.port), to: new Map() },
        ...{ name: '', starts: 0, child: undefined, id: '', isFrozen: false },
      });
    }
    for (const from of rig.machines)
      for (const { number, port } of rig.machines)
        if (number !== from.number) from.to.set(number, await TcpProxy.open(port));
    return rig;
  }

  get diary(): string {
    return join(this.folder, 'diary');
  }

  machine(number: number): Machine {
    const found = this.machines[number - 1];
    if (!found) throw new Error(`machine ${number} is none of ${this.machines.length}`);
    return found;
  }

  /** Those that run and are not stopped. */
  get awake(): Machine[] {
    return this.machines.filter(({ child, isFrozen }) => child !== undefined && !isFrozen);
  }

  /** Resolves once it is a member. */
  async start(machine: Machine): Promise<void> {
    machine.starts++;
    machine.name = `m${machine.number}.${machine.starts}`;
    const dataDir = join(this.folder, `data-${machine.number}`);
    mkdirSync(dataDir, { recursive: true });
    const { leaseMs, log = 'warn' } = this.#options;
    const url = `${this.server.urlAt(machine.toDatabase.port)}?application_name=${machine.name}`;
    const cluster = { url, leaseMs, advertise: `127.0.0.1:${machine.port}`, name: this.cluster };
    const options = { cluster, dataDir, log };
    const divert = Object.fromEntries([...machine.to].map(([to, { port }]) => [this.machine(to).port, port]));
    const out = openSync(join(this.folder, `machine-${machine.number}.log`), 'a');
    const { driverOf, haltOf } = this.#options;
    const given = { options, driver: driverOf?.(machine), halt: haltOf?.(machine) };
    const child = fork(PROGRAM, [JSON.stringify(given)], {
      execArgv: ['--import', DIVERT],
      env: { ...process.env, TROUPE_DIVERT: JSON.stringify(divert), TROUPE_DIARY: this.diary },
      stdio: ['ignore', out, out, 'ipc'],
    });
    machine.child = child;
    const started = new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`${machine.name} did not start`)), START_MS_MAX);
      child.on('message', (message: Record<string, unknown>) => {
        if (message.started !== undefined) {
          machine.id = String(message.started);
          clearTimeout(late);
          resolve();
        } else this.#heard(machine, message);
      });
      child.once('exit', (code, signal) => {
        if (machine.child === child) machine.child = undefined;
        clearTimeout(late);
        reject(new Error(`${machine.name} ended with ${code ?? signal} before it had started`));
        for (const [number, { child: of, reject: fail }] of this.#waiting)
          if (of === child && this.#waiting.delete(number)) fail(new Error('the machine has ended'));
      });
    });
    await started;
  }

  async call(machine: Machine, call: string, ...args: unknown[]): Promise<unknown> {
    const { child } = machine;
    if (!child?.connected) throw new Error(`machine ${machine.number} does not run`);
    const number = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject, child });
      child.send({ number, call, args });
    });
  }

  async kill(machine: Machine): Promise<void> {
    const { child } = machine;
    if (!child) return;
    const pids = processesOf(child);
    const gone = new Promise((resolve) => child.once('exit', resolve));
    for (const pid of pids) signalTo(pid, 'SIGKILL');
    await gone;
    for (const pid of pids) while (isAlive(pid)) await sleep(5);
    machine.isFrozen = false;
  }

  /** In order; it is killed where it takes longer. Returns whether it was not. */
  async leave(machine: Machine, withinMs: number): Promise<boolean> {
    const { child } = machine;
    if (!child) return true;
    const gone = new Promise<boolean>((resolve) => child.once('exit', () => resolve(true)));
    this.call(machine, 'shutdown', { timeoutMs: withinMs }).then(
      () => child.disconnect(),
      () => {},
    );
    if (await Promise.race([gone, sleep(withinMs * 2).then(() => false)])) return true;
    await this.kill(machine);
    return false;
  }

  freeze(machine: Machine): void {
    machine.isFrozen = true;
    if (machine.child) for (const pid of processesOf(machine.child)) signalTo(pid, 'SIGSTOP');
  }

  thaw(machine: Machine): void {
    machine.isFrozen = false;
    if (machine.child) for (const pid of processesOf(machine.child)) signalTo(pid, 'SIGCONT');
  }

  /** Its master has stopped itself. */
  isHalted({ child }: Machine): boolean {
    if (child?.pid === undefined) return false;
    try {
      return readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.startsWith('T') === true;
    } catch {
      return false;
    }
  }

  goOn({ child }: Machine): void {
    if (child?.pid !== undefined) signalTo(child.pid, 'SIGCONT');
  }

  workersOf({ child }: Machine): number[] {
    return child ? processesOf(child).slice(1) : [];
  }

  /** Nothing passes between the two any more, and what is dialled is refused; the database is reached by both. */
  part(one: Machine, other: Machine): void {
    for (const proxy of this.#between(one, other)) proxy.refuse();
  }

  join(one: Machine, other: Machine): void {
    for (const proxy of this.#between(one, other)) proxy.accept();
  }

  /** All ways are open, everything goes on. */
  heal(): void {
    this.server.thaw();
    for (const machine of this.machines) {
      for (const proxy of [machine.toDatabase, ...machine.to.values()]) {
        proxy.delay(0);
        proxy.resume();
        proxy.accept();
      }
      if (machine.isFrozen) this.thaw(machine);
    }
  }

  /** `isKept`: the logs of machines and the diary stay where they are. */
  async end(isKept = false): Promise<void> {
    this.heal();
    await Promise.all(this.machines.map((machine) => this.kill(machine)));
    for (const { toDatabase, to } of this.machines)
      for (const proxy of [toDatabase, ...to.values()]) await proxy.close();
    await this.server.end();
    if (!isKept) rmSync(this.folder, { recursive: true, force: true });
  }

  #between(one: Machine, other: Machine): TcpProxy[] {
    return [one.to.get(other.number), other.to.get(one.number)].filter((proxy) => proxy !== undefined);
  }

  #heard(machine: Machine, message: Record<string, unknown>): void {
    if (message.number === undefined) return this.#options.said?.(machine, message);
    const number = message.number as number;
    const waiting = this.#waiting.get(number);
    this.#waiting.delete(number);
    const fault = message.error as { code: string; fate: string; message: string } | undefined;
    if (fault) waiting?.reject(Object.assign(new Error(fault.message), { code: fault.code, fate: fault.fate }));
    else waiting?.resolve(message.value);
  }
}

/** A master, then its workers. */
function processesOf({ pid, exitCode, signalCode }: ChildProcess): number[] {
  if (pid === undefined || exitCode !== null || signalCode !== null) return [];
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const text = threads.map((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8')).join(' ');
    return [pid, ...text.split(' ').filter(Boolean).map(Number).filter(isAlive)];
  } catch {
    return [pid];
  }
}

export function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
