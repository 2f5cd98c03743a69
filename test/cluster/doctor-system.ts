/** A system of the command line in a folder of its own, whose actors do on purpose what the doctor is to find. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from './harness.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PROGRAM = join(ROOT, 'dist/cli/troupe.js');
const { TROUPE_DATA: _data, ...env } = process.env;

export interface Found {
  readonly id: string;
  readonly about: string;
  readonly evidence: string;
}

export interface Diagnosis {
  readonly code: number | null;
  readonly findings: readonly Found[];
  /** `id: about` of each. */
  readonly names: readonly string[];
  /** Of the whole command, its start included. */
  readonly ms: number;
}

export class DoctorSystem {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'cli-doctor-'));
  readonly #children: ChildProcess[] = [];

  constructor(actors: Readonly<Record<string, string>>) {
    mkdirSync(join(this.folder, 'actors'));
    mkdirSync(join(this.folder, 'node_modules'));
    symlinkSync(ROOT, join(this.folder, 'node_modules/troupe'));
    for (const [kind, text] of Object.entries(actors)) writeFileSync(join(this.folder, `actors/${kind}.mjs`), text);
  }

  async start(workers: number): Promise<void> {
    this.#run([PROGRAM, 'start', '--workers', `${workers}`, '--log', 'fatal']);
    await until('it runs', () => this.troupe('status').status === 0, 30_000);
  }

  troupe(...args: string[]): { status: number | null; stdout: string; stderr: string } {
    return spawnSync(process.execPath, [PROGRAM, ...args], { cwd: this.folder, env, encoding: 'utf8' });
  }

  /** With the seconds that it looks by default. */
  doctor(...args: string[]): Diagnosis {
    const began = performance.now();
    const { status, stdout, stderr } = this.troupe('doctor', '--json', ...args);
    const ms = performance.now() - began;
    if (stderr !== '') throw new Error(stderr);
    const findings = JSON.parse(stdout) as Found[];
    return { code: status, findings, names: findings.map(({ id, about }) => `${id}: ${about}`), ms };
  }

  /** Another program that is connected as `c`, until the returned function is called. Resolves once it is. */
  async client(body: string): Promise<() => void> {
    const program = `import('troupe/client').then(async ({ connect }) => {
      const c = await connect(); console.log('connected'); ${body} })`;
    const child = this.#run(['-e', program], 'pipe');
    await once(child.stdout as NodeJS.ReadableStream, 'data');
    return () => void child.kill('SIGKILL');
  }

  workerOf(id: string): { worker: number; pid: number } {
    return JSON.parse(this.troupe('show', id, '--json').stdout);
  }

  async end(): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
    // The workers end by themselves, once they see that their master is gone.
    rmSync(this.folder, { recursive: true, force: true });
  }

  #run(args: string[], stdout: 'ignore' | 'pipe' = 'ignore'): ChildProcess {
    const child = spawn(process.execPath, args, { cwd: this.folder, env, stdio: ['ignore', stdout, 'inherit'] });
    this.#children.push(child);
    return child;
  }
}
