/**
 * The act of the main thread of this process while it runs no JavaScript, as the kernel of Linux tells its other threads: it computes, or waits in a call of the
 * system, which is named with its file. Elsewhere, or where the kernel does not say, it is not known.
 */
import { readFileSync, readlinkSync } from 'node:fs';

/** Numbers of calls that take long, by processor: arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h of Linux. */
const CALLS: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  x64: {
    ...{ 0: 'read', 1: 'write', 2: 'open', 3: 'close', 7: 'poll', 17: 'pread64', 18: 'pwrite64', 19: 'readv' },
    ...{ 20: 'writev', 35: 'nanosleep', 42: 'connect', 45: 'recvfrom', 47: 'recvmsg', 61: 'wait4', 72: 'fcntl' },
    ...{ 73: 'flock', 74: 'fsync', 75: 'fdatasync', 202: 'futex', 230: 'clock_nanosleep', 232: 'epoll_wait' },
    ...{ 257: 'openat', 271: 'ppoll', 281: 'epoll_pwait', 441: 'epoll_pwait2' },
  },
  arm64: {
    ...{ 22: 'epoll_pwait', 25: 'fcntl', 32: 'flock', 56: 'openat', 57: 'close', 63: 'read', 64: 'write' },
    ...{ 65: 'readv', 66: 'writev', 67: 'pread64', 68: 'pwrite64', 73: 'ppoll', 82: 'fsync', 83: 'fdatasync' },
    ...{ 98: 'futex', 101: 'nanosleep', 115: 'clock_nanosleep', 203: 'connect', 207: 'recvfrom', 212: 'recvmsg' },
    ...{ 260: 'wait4', 441: 'epoll_pwait2' },
  },
};
/** Calls whose first argument is a file that is open. */
const OF_A_FILE =
  /^(read|write|readv|writev|pread64|pwrite64|fsync|fdatasync|flock|fcntl|close|connect|recvfrom|recvmsg)$/;
const HINTS: Readonly<Record<string, string>> = {
  futex: 'for another thread',
  ...{
    epoll_wait: 'for a child process: execFileSync, spawnSync',
    epoll_pwait: 'for a child process: execFileSync, spawnSync',
  },
  wait4: 'for a child process',
};
/** Characters of a path. */
const PATH_LENGTH_MAX = 200;

/** The files of the kernel about a thread and the process; a test has its own. */
export interface KernelFiles {
  /** Of the main thread: `running`, or the number of its call, and its arguments. */
  syscall(): string;
  /** The path of a file that is open. */
  fileOf(descriptor: number): string;
}

const OWN_FILES: KernelFiles = {
  syscall: () => readFileSync(`/proc/self/task/${process.pid}/syscall`, 'utf8'),
  fileOf: (descriptor) => readlinkSync(`/proc/self/fd/${descriptor}`),
};

/** Words behind `it`; undefined where nobody knows. */
export function nativeCall(files: KernelFiles = OWN_FILES, arch: string = process.arch): string | undefined {
  let text: string;
  try {
    text = files.syscall().trim();
  } catch {
    return undefined;
  }
  if (text === 'running') return 'computes in code that is not JavaScript: crypto, zlib or an addon, say';
  const [number = '', first = ''] = text.split(' ');
  if (!/^\d+$/.test(number)) return undefined;
  const name = CALLS[arch]?.[Number(number)];
  if (name === undefined) return `waits in call ${number} of the system`;
  const file = OF_A_FILE.test(name) ? fileOf(files, first) : undefined;
  const hint = file === undefined ? HINTS[name] : `of ${file}`;
  return `waits in the call ${name} of the system${hint === undefined ? '' : ` (${hint})`}`;
}

function fileOf(files: KernelFiles, descriptor: string): string | undefined {
  try {
    return files.fileOf(Number(descriptor)).slice(0, PATH_LENGTH_MAX);
  } catch {
    return undefined;
  }
}
