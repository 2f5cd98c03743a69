/**
 * A PgBouncer in transaction mode in front of a test's own server: one session of a client has another session of the server for each transaction.
 * It comes from Debian; where it is not installed its tests are left out, and say so (`TROUPE_PGBOUNCER=required` makes that a failure).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PROGRAM = '/usr/sbin/pgbouncer';
const START_MS_MAX = 10_000;

export const hasPgBouncer: boolean = existsSync(PROGRAM);
if (!hasPgBouncer && process.env.TROUPE_PGBOUNCER === 'required') throw new Error('pgbouncer is installed; got none');

export class PgBouncer {
  readonly port: number;
  readonly #folder: string;
  readonly #process: ChildProcess;
  #log = '';

  private constructor(port: number, folder: string, child: ChildProcess) {
    this.port = port;
    this.#folder = folder;
    this.#process = child;
    child.stderr?.on('data', (bytes) => {
      this.#log += String(bytes);
    });
  }

  /** `sessions`: so many of the server are shared by all clients. */
  static async start(serverPort: number, sessions: number): Promise<PgBouncer> {
    const folder = mkdtempSync(join(tmpdir(), 'troupe-pgbouncer-'));
    chmodSync(folder, 0o755);
    const port = await freePort();
    writeFileSync(join(folder, 'users.txt'), '"troupe" ""\n');
    const settings = [
      '[databases]',
      `* = host=127.0.0.1 port=${serverPort}`,
      '[pgbouncer]',
      `listen_addr = 127.0.0.1\nlisten_port = ${port}\nauth_type = trust\nauth_file = ${join(folder, 'users.txt')}`,
      `pool_mode = transaction\ndefault_pool_size = ${sessions}\nmax_client_conn = 200\nunix_socket_dir =`,
    ];
    writeFileSync(join(folder, 'pgbouncer.ini'), `${settings.join('\n')}\n`);
    const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
    const child = spawn(PROGRAM, [...user, join(folder, 'pgbouncer.ini')], { stdio: ['ignore', 'ignore', 'pipe'] });
    const bouncer = new PgBouncer(port, folder, child);
    for (const late = Date.now() + START_MS_MAX; !bouncer.#log.includes('process up'); ) {
      if (Date.now() > late || child.exitCode !== null) throw new Error(`pgbouncer did not start: ${bouncer.#log}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return bouncer;
  }

  async end(): Promise<void> {
    if (this.#process.exitCode === null) {
      const exit = once(this.#process, 'exit');
      this.#process.kill('SIGKILL');
      await exit;
    }
    rmSync(this.#folder, { recursive: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
