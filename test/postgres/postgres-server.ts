/**
 * A PostgreSQL server of a test's own, in a folder of its own, on a port of the loopback: started, ended in any way, started again, stopped
 * and let go on. A second process sees to it that it ends with the test's process. As root it runs as `nobody`, since it refuses to be root.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { type PostgresFiles, postgresFiles } from './postgres-files.ts';
import { freePort } from '../free-port.ts';

const GUARD = fileURLToPath(new URL('./guard.mjs', import.meta.url));
const START_MS_MAX = 60_000;
/** The text that a start ends with. */
const READY = /database system is ready to accept (read-only )?connections/;
/** The user of the database, who needs no password on the loopback. */
const USER = 'troupe';

/** How it ends: SIGINT breaks all sessions and ends in order; SIGQUIT and SIGKILL leave the rest to recovery. */
export type EndSignal = 'SIGINT' | 'SIGQUIT' | 'SIGKILL';

export class PostgresServer {
  readonly #folder: string;
  readonly #files: PostgresFiles;
  readonly #port: number;
  readonly #owner: { uid?: number; gid?: number };
  readonly #guard: ChildProcess;
  #server: ChildProcess | undefined;
  #log = '';

  private constructor(folder: string, port: number) {
    this.#folder = folder;
    this.#port = port;
    this.#owner = process.getuid?.() === 0 ? nobody() : {};
    this.#guard = spawn(process.execPath, [GUARD, folder], { stdio: ['pipe', 'ignore', 'inherit'] });
    this.#guard.unref();
    (this.#guard.stdin as unknown as { unref(): void }).unref();
    this.#files = postgresFiles(folder);
  }

  /** `settings` as in `postgresql.conf`. A commit is on disk before it is told, as anywhere. */
  static async start(settings: Readonly<Record<string, string | number>> = {}): Promise<PostgresServer> {
    const folder = mkdtempSync(join(tmpdir(), 'troupe-postgres-'));
    chmodSync(folder, 0o755);
    const server = new PostgresServer(folder, await freePort());
    try {
      server.#make(settings);
      await server.begin();
    } catch (error) {
      await server.end();
      throw error;
    }
    return server;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return this.urlAt(this.#port);
  }

  /** The same by way of another port. */
  urlAt(port: number): string {
    return `postgres://${USER}@127.0.0.1:${port}/postgres`;
  }

  get log(): string {
    return this.#log;
  }

  get isRunning(): boolean {
    return this.#server !== undefined;
  }

  /** Resolves once it takes connections; recovery comes first where it was not ended in order. */
  async begin(): Promise<void> {
    const server = spawn(this.#files.postgres, ['-D', join(this.#folder, 'data')], {
      ...this.#owner,
      env: this.#env,
      // A group of its own: Ctrl-C is the test's.
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`the server did not start: ${this.#log}`)), START_MS_MAX);
      const from = this.#log.length;
      server.stderr?.on('data', (bytes) => {
        this.#log += String(bytes);
        if (!READY.test(this.#log.slice(from))) return;
        clearTimeout(late);
        resolve();
      });
      server.once('exit', (code, signal) => {
        if (this.#server === server) this.#server = undefined;
        clearTimeout(late);
        reject(new Error(`the server ended with ${code ?? signal}: ${this.#log.slice(from)}`));
      });
      server.once('error', reject);
    });
    // A test that ends is not kept by it.
    server.unref();
    (server.stderr as unknown as { unref(): void }).unref();
  }

  async stop(signal: EndSignal = 'SIGINT'): Promise<void> {
    const server = this.#server;
    if (!server) return;
    const children = this.#pids().slice(1);
    const ended = once(server, 'exit');
    server.ref();
    server.kill(signal);
    server.kill('SIGCONT');
    await ended;
    this.#server = undefined;
    // A child that outlives it keeps the shared memory, and with that the next start away.
    for (const pid of children) while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  async restart(signal: EndSignal = 'SIGINT'): Promise<void> {
    await this.stop(signal);
    await this.begin();
  }

  /** It takes no writes any more, as if another one had become the primary. */
  async becomeStandby(): Promise<void> {
    await this.stop();
    appendFileSync(join(this.#folder, 'data', 'standby.signal'), '');
    await this.begin();
  }

  /** Keeps all that is on disk aside, once: the server is away for that long. */
  async keepBackup(): Promise<void> {
    await this.stop();
    this.#copy('data', 'backup');
    await this.begin();
  }

  /** Puts it back to what was kept: it knows nothing of what it has done since. */
  async putBack(): Promise<void> {
    await this.stop('SIGQUIT');
    this.#copy('backup', 'data');
    await this.begin();
  }

  /** Every process of it stands still: connections are taken by the system, and nothing is answered. */
  freeze(): void {
    for (const pid of this.#pids()) signalTo(pid, 'SIGSTOP');
  }

  thaw(): void {
    for (const pid of this.#pids()) signalTo(pid, 'SIGCONT');
  }

  /** Ends every other session, as an administrator would. Returns how many there were. */
  async terminateAll(): Promise<number> {
    const rows = await this.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`,
    );
    return rows.length;
  }

  async query<Row = Record<string, unknown>>(text: string, values: unknown[] = []): Promise<Row[]> {
    const client = new pg.Client({ connectionString: this.url });
    client.on('error', () => {});
    await client.connect();
    try {
      return (await client.query(text, values)).rows as Row[];
    } finally {
      await client.end();
    }
  }

  /** Ends it at once and removes its folder. */
  async end(): Promise<void> {
    this.thaw();
    await this.stop('SIGQUIT');
    if (this.#guard.exitCode !== null) return;
    const gone = once(this.#guard, 'exit');
    this.#guard.ref();
    this.#guard.stdin?.end();
    await gone;
  }

  #make(settings: Readonly<Record<string, string | number>>): void {
    const { uid, gid } = this.#owner;
    for (const name of ['data', 'socket']) {
      const path = join(this.#folder, name);
      mkdirSync(path, { mode: 0o700 });
      if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid);
    }
    const data = join(this.#folder, 'data');
    const options = [`--pgdata=${data}`, `--username=${USER}`, '--auth=trust', '--encoding=UTF8', '--locale=C'];
    execFileSync(this.#files.initdb, [...options, '--no-sync', '--no-instructions'], {
      ...this.#owner,
      env: this.#env,
      stdio: 'pipe',
    });
    const all = {
      listen_addresses: '127.0.0.1',
      port: this.#port,
      unix_socket_directories: join(this.#folder, 'socket'),
      shared_buffers: '32MB',
      // Of small machines, where several such servers run at once.
      max_connections: 50,
      max_wal_size: '512MB',
      ...settings,
    };
    const lines = Object.entries(all).map(([name, value]) => `${name} = '${value}'`);
    appendFileSync(join(data, 'postgresql.conf'), `${lines.join('\n')}\n`);
  }

  #copy(from: string, to: string): void {
    rmSync(join(this.#folder, to), { recursive: true, force: true });
    execFileSync('cp', ['-a', join(this.#folder, from), join(this.#folder, to)]);
  }

  get #env(): NodeJS.ProcessEnv {
    return { PATH: process.env.PATH, LC_ALL: 'C', LD_LIBRARY_PATH: this.#files.libraries, TZ: 'UTC' };
  }

  /** Of the server and of its children. */
  #pids(): number[] {
    const pid = this.#server?.pid;
    if (pid === undefined) return [];
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return [pid, ...(children === '' ? [] : children.split(' ').map(Number))];
  }
}

export function nobody(): { uid: number; gid: number } {
  const fields = /^nobody:.*$/m.exec(readFileSync('/etc/passwd', 'utf8'))?.[0].split(':');
  if (!fields) throw new Error('a PostgreSQL server does not run as root, and there is no user "nobody" to run it');
  return { uid: Number(fields[2]), gid: Number(fields[3]) };
}

function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}

/** One that ended and was not fetched by its parent counts as ended. */
export function isAlive(pid: number): boolean {
  try {
    return !/\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
