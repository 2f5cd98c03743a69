/** A system of the command line in a folder of its own, with actors of the test's own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endedProgram, until } from './harness.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PROGRAM = join(ROOT, 'dist/cli/troupe.js');
const START_MS_MAX = 60_000;
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

export class CommandSystem {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'cli-system-'));
  readonly #children: ChildProcess[] = [];
  readonly #env: NodeJS.ProcessEnv;

  /** `more`: what its environment has besides that of the tests. */
  constructor(actors: Readonly<Record<string, string>>, more: NodeJS.ProcessEnv = {}) {
    this.#env = { ...env, ...more };
    mkdirSync(join(this.folder, 'actors'));
    mkdirSync(join(this.folder, 'node_modules'));
    symlinkSync(ROOT, join(this.folder, 'node_modules/troupe'));
    for (const [kind, text] of Object.entries(actors)) writeFileSync(join(this.folder, `actors/${kind}.mjs`), text);
  }

  /** By `troupe start`; or by a program of one's own. */
  async start(workers: number, program?: string): Promise<ChildProcess> {
    const started = ['start', '--workers', `${workers}`, '--log', 'fatal'];
    const child = this.#run(program === undefined ? [PROGRAM, ...started] : [program]);
    await until('it listens', () => existsSync(join(this.folder, '.troupe/control')), START_MS_MAX);
    await until('it runs', () => this.troupe('status').status === 0, START_MS_MAX);
    return child;
  }

  /** In a terminal, in which `keys` are typed, a while apart. Everything that was written to it. */
  async inTerminal(command: string, keys: readonly string[]): Promise<{ code: number | null; text: string }> {
    const line = `${process.execPath} ${PROGRAM} ${command}`;
    const child = spawn('script', ['-qec', line, '/dev/null'], {
      cwd: this.folder,
      env: { ...this.#env, TERM: 'xterm' },
    });
    this.#children.push(child);
    let text = '';
    child.stdout.on('data', (data) => (text += data));
    const screens = (): number => text.split('\x1b[H\x1b[J').length;
    for (const key of keys) {
      const before = screens();
      await until('it draws', () => screens() > before, 20_000);
      child.stdin.write(key);
    }
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, text };
  }

  troupe(...args: string[]): { status: number | null; stdout: string; stderr: string } {
    return endedProgram(process.execPath, [PROGRAM, ...args], { cwd: this.folder, env: this.#env });
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
    const child = spawn(process.execPath, args, {
      cwd: this.folder,
      env: this.#env,
      stdio: ['ignore', stdout, 'inherit'],
    });
    this.#children.push(child);
    return child;
  }
}
