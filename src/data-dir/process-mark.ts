/**
 * Tells a process from a later one that was given the same number, by when it began; and whether its number means anything
 * here at all: containers on one machine count their processes each for itself, and other machines may have our name.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

export interface ProcessMark {
  readonly pid: number;
  readonly host: string;
  /** When it began, as its operating system tells it; '' where that cannot be known. */
  readonly began: string;
  /** The run of the kernel that it lives in: one name, two machines. '' where that cannot be known. */
  readonly boot: string;
  /** The namespace in which `pid` counts; '' where there are none. */
  readonly namespace: string;
}

/** Of a process that this one can see. */
export function markOf(pid: number): ProcessMark {
  return { pid, host: hostname(), began: beganOf(pid) ?? '', boot: bootOf(), namespace: namespaceOf() };
}

/** Whether the marked process runs under the kernel that this one runs under. */
export function isOfThisMachine({ host, boot }: ProcessMark): boolean {
  return boot === bootOf() && (boot !== '' || host === hostname());
}

/** Whether its number can be looked up here. */
export function isInSight(mark: ProcessMark): boolean {
  return isOfThisMachine(mark) && mark.namespace === namespaceOf();
}

/** Whether the marked process still runs. One out of sight counts as running: nobody here can know. */
export function isRunning(mark: ProcessMark): boolean {
  if (!isInSight(mark)) return true;
  const now = beganOf(mark.pid);
  return now !== undefined && (mark.began === '' || now === '' || now === mark.began);
}

/** Ends a process in sight, and waits until it is gone. False where it still runs after `withinMs`. */
export async function endProcess(mark: ProcessMark, withinMs: number): Promise<boolean> {
  const until = Date.now() + withinMs;
  while (isRunning(mark)) {
    if (Date.now() > until) return false;
    try {
      process.kill(mark.pid, 'SIGKILL');
    } catch {
      // Gone in between, or not ours to end: the next look tells.
    }
    await new Promise<void>((resolve) => setTimeout(resolve, 5));
  }
  return true;
}

function bootOf(): string {
  return onLinux(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
}

function namespaceOf(): string {
  return onLinux(() => readlinkSync('/proc/self/ns/pid'));
}

function onLinux(look: () => string): string {
  if (process.platform !== 'linux') return '';
  try {
    return look();
  } catch {
    return '';
  }
}

/** Undefined where no such process runs. */
function beganOf(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return undefined;
  }
  try {
    if (process.platform === 'linux') return beganOnLinux(pid);
    if (process.platform === 'win32') return '';
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined;
  } catch {
    return '';
  }
}

/** Field 22 of /proc/<pid>/stat, counted behind the name, which may hold anything. A zombie runs no more. */
function beganOnLinux(pid: number): string | undefined {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : (fields[19] as string);
}
