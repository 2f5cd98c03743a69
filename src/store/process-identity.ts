/** Tells a process from a later one that was given the same number: by when it began. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

export interface ProcessMark {
  readonly pid: number;
  readonly host: string;
  /** When it began, as its operating system tells it; '' where that cannot be known. */
  readonly began: string;
}

export function markOf(pid: number): ProcessMark {
  return { pid, host: hostname(), began: beganOf(pid) ?? '' };
}

/** Whether the marked process still runs. One of another host counts as running: nobody here can know. */
export function isRunning({ pid, host, began }: ProcessMark): boolean {
  if (host !== hostname()) return true;
  const now = beganOf(pid);
  return now !== undefined && (began === '' || now === '' || now === began);
}

/** Ends a process of this host, and waits until it is gone. False where it still runs after `withinMs`. */
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
