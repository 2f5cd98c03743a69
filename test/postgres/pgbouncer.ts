/**
 * PgBouncer in transaction mode in front of a server, in the foreground, with a folder and a port of its own: one session of a client has another
 * session of the server for each transaction. It is Debian's; where it is not installed its tests are left out (`TROUPE_PGBOUNCER=required`: that is a failure).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nobody } from './postgres-server.ts';
import { freePort } from '../free-port.ts';

const PROGRAM = '/usr/sbin/pgbouncer';
const START_MS_MAX = 10_000;

/** Undefined where it is installed; else why it is not there. */
export function lackOfPgBouncer(): string | undefined {
  if (existsSync(PROGRAM)) return undefined;
  const lack = 'pgbouncer is not installed (apt-get install pgbouncer)';
  if (process.env.TROUPE_PGBOUNCER === 'required') throw new Error(lack);
  return lack;
}

export class PgBouncer {
  readonly port: number;
  readonly #folder: string;
  readonly #child: ChildProcess;

  private constructor(port: number, folder: string, child: ChildProcess) {
    this.port = port;
    this.#folder = folder;
    this.#child = child;
  }

  /** `sessions`: with the server, shared by all clients. */
  static async start(serverPort: number, sessions: number): Promise<PgBouncer> {
    const folder = mkdtempSync(join(tmpdir(), 'troupe-pgbouncer-'));
    chmodSync(folder, 0o755);
    const port = await freePort();
    const lines = [
      '[databases]',
      `* = host=127.0.0.1 port=${serverPort} user=troupe`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${port}`,
      'unix_socket_dir =',
      'auth_type = any',
      'pool_mode = transaction',
      `default_pool_size = ${sessions}`,
      'max_client_conn = 200',
      'server_login_retry = 0.1',
    ];
    const file = join(folder, 'pgbouncer.ini');
    writeFileSync(file, `${lines.join('\n')}\n`);
    // It refuses to be root, as the server does.
    const owner = process.getuid?.() === 0 ? nobody() : {};
    const child = spawn(PROGRAM, [file], { ...owner, stdio: 'ignore' });
    const bouncer = new PgBouncer(port, folder, child);
    const until = Date.now() + START_MS_MAX;
    while (!(await isOpen(port))) {
      if (child.exitCode !== null || Date.now() > until) {
        await bouncer.end();
        throw new Error('pgbouncer did not start');
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return bouncer;
  }

  async end(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGKILL');
      await once(this.#child, 'exit');
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
