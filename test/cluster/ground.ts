/**
 * Ground like a container's, made of what Linux has: pid and mount namespaces, control groups. What this machine does not let a test make
 * is said in one line, and the tests that need it are left out.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './harness.ts';

/** Program and arguments before those of what is run. */
export type Within = readonly string[];

export const PID_NAMESPACE: Within = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child=SIGKILL'];

export function canRun(what: string, [program, ...args]: Within, ...more: string[]): boolean {
  const { status } = spawnSync(program as string, [...args, ...more], { stdio: 'ignore' });
  if (status !== 0) console.log(`${what}: not to be had on this machine, not tried`);
  return status === 0;
}

/** A mount namespace in which the commands of a shell have been run. */
export function mounted(...commands: string[]): Within {
  return ['unshare', '--mount', 'sh', '-c', [...commands, 'exec "$@"'].join(' && '), 'sh'];
}

export interface Limits {
  cpus?: number;
  memoryBytes?: number;
}

interface Folder {
  path: string;
  files: Record<string, string>;
}

/** A control group with the limits, and one inside it without, as a container has: what runs there is bound by the outer. */
export class ControlGroup {
  readonly #folders: Folder[];

  private constructor(folders: Folder[]) {
    this.#folders = folders;
  }

  /** Undefined where this process may make none. */
  static make(limits: Limits): ControlGroup | undefined {
    const name = `troupe-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
    const group = new ControlGroup(foldersFor(limits, name));
    try {
      for (const { path, files } of group.#folders) {
        mkdirSync(path);
        for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
        mkdirSync(join(path, 'inner'));
      }
      return group;
    } catch {
      group.#remove();
      return undefined;
    }
  }

  get within(): Within {
    const entering = this.#folders.map(({ path }) => `echo $$ > ${path}/inner/cgroup.procs`);
    return ['sh', '-c', [...entering, 'exec "$@"'].join(' && '), 'sh'];
  }

  /** Behind the end of all that ran in it. */
  async remove(): Promise<void> {
    const procs = (): string => this.#folders.map(({ path }) => readText(join(path, 'inner', 'cgroup.procs'))).join('');
    await until('the control group is empty', () => procs().trim() === '');
    this.#remove();
  }

  #remove(): void {
    for (const { path } of this.#folders)
      for (const folder of [join(path, 'inner'), path]) if (existsSync(folder)) rmdirSync(folder);
  }
}

function foldersFor({ cpus, memoryBytes }: Limits, name: string): Folder[] {
  const root = '/sys/fs/cgroup';
  if (existsSync(join(root, 'cgroup.controllers')))
    return [
      {
        path: join(root, name),
        files: {
          ...(cpus !== undefined && { 'cpu.max': `${cpus * 100_000} 100000` }),
          ...(memoryBytes !== undefined && { 'memory.max': String(memoryBytes), 'memory.swap.max': '0' }),
        },
      },
    ];
  const found = existsSync(root) ? readdirSync(root) : [];
  const folder = (controller: string): string =>
    join(root, found.find((one) => one.split(',').includes(controller)) ?? 'none', name);
  return [
    ...(cpus === undefined ? [] : [{ path: folder('cpu'), files: { 'cpu.cfs_quota_us': String(cpus * 100_000) } }]),
    ...(memoryBytes === undefined
      ? []
      : [{ path: folder('memory'), files: { 'memory.limit_in_bytes': String(memoryBytes) } }]),
  ];
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
