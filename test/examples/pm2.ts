/**
 * PM2 itself, installed on first use in a folder of its own, with a daemon of its own that the test ends: nothing of it is shared with
 * a PM2 that the machine may have.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify, stripVTControlCharacters } from 'node:util';

/** A command that takes longer hangs. */
const COMMAND_MS_MAX = 60_000;

/** What `pm2 jlist` says of one process. */
export interface Pm2Process {
  name: string;
  pid: number;
  pm2_env: {
    status: string;
    restart_time: number;
    exit_code?: number;
    axm_monitor: Record<string, { value: string }>;
    pm_out_log_path: string;
    pm_err_log_path: string;
  };
}

export class Pm2 {
  readonly #home = mkdtempSync(join(tmpdir(), 'pm2-'));
  readonly #program: string;

  /** `packages`: the folder in which it is installed. */
  constructor(packages: string) {
    this.#program = join(packages, 'pm2', 'bin', 'pm2');
  }

  /** What it printed. Throws where it fails. */
  async run(...args: string[]): Promise<string> {
    const env: NodeJS.ProcessEnv = { ...process.env, PM2_HOME: this.#home, PM2_WORKER_INTERVAL: '500' };
    // The tests' own surroundings are not the program's.
    for (const name of ['VITEST', 'NODE_ENV', 'NODE_OPTIONS', 'TEST']) delete env[name];
    const options = { env, timeout: COMMAND_MS_MAX, cwd: this.#home, maxBuffer: 64 * 1024 * 1024 };
    const { stdout } = await promisify(execFile)(process.execPath, [this.#program, ...args], options);
    return stripVTControlCharacters(stdout);
  }

  async process(name: string): Promise<Pm2Process> {
    const text = await this.run('jlist');
    const found = (JSON.parse(text.slice(text.lastIndexOf('\n[') + 1)) as Pm2Process[]).find(
      (one) => one.name === name,
    );
    if (!found) throw new Error(`expected ${name} among the processes of PM2; got ${text}`);
    return found;
  }

  get daemon(): number {
    return Number(readFileSync(join(this.#home, 'pm2.pid'), 'utf8'));
  }

  async end(): Promise<void> {
    await this.run('kill');
    rmSync(this.#home, { recursive: true, force: true });
  }
}
