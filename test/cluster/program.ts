/** A system in a process of its own, so that a test can kill its master. */
import { childrenOf } from './harness.ts';
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Outcome } from './harness.ts';

const PROGRAMS = new URL('./programs/', import.meta.url);

export class Program {
  readonly child: ChildProcess;
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
  readonly said: unknown[] = [];
  readonly #open = new Map<number, (outcome: Outcome) => void>();
  #last = 0;

  /** `within`: a program that runs another one in surroundings of its own, and its arguments; `pid` is that program's then. */
  constructor(file: string, options: object = {}, detached = false, within: readonly string[] = []) {
    const path = fileURLToPath(new URL(file, PROGRAMS));
    const serialization = 'advanced';
    const [execPath = process.execPath, ...execArgv] = [...within, ...(within.length > 0 ? [process.execPath] : [])];
    const stdio = ['ignore', 'ignore', 'ignore', 'ipc'] as const;
    this.child = fork(path, [JSON.stringify(options)], {
      execPath,
      execArgv,
      serialization,
      detached,
      stdio: [...stdio],
    });
    this.ended = new Promise((resolve) => this.child.once('exit', (code, signal) => resolve(code ?? signal)));
    this.child.on('message', (message) => this.#heard(message as { number?: number } & Outcome));
  }

  get pid(): number {
    return this.child.pid as number;
  }

  /** A call of its system. */
  call(call: string, ...args: unknown[]): Promise<Outcome> {
    const number = ++this.#last;
    this.child.send({ number, call, args });
    return new Promise((resolve) => this.#open.set(number, resolve));
  }

  async value(call: string, ...args: unknown[]): Promise<unknown> {
    const { value, fault } = await this.call(call, ...args);
    if (fault) throw new Error(`${fault.code}: ${fault.message}`);
    return value;
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  #heard({ number, ...outcome }: { number?: number } & Outcome): void {
    if (number === undefined) this.said.push(outcome);
    else this.#open.get(number)?.(outcome);
  }
}

/** Those that still run, with their workers. */
export function killPrograms(programs: readonly Program[]): void {
  for (const { pid, child } of programs) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    for (const each of [pid, ...childrenOf(pid)]) process.kill(each, 'SIGKILL');
  }
}
