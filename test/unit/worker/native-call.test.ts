/** What the kernel of Linux says of a thread that runs no JavaScript, in words. */
import { expect, test } from 'vitest';
import { type KernelFiles, nativeCall } from '../../../src/worker/native-call.ts';

const filesWith = (syscall: string, file?: string): KernelFiles => ({
  syscall: () => `${syscall}\n`,
  fileOf: () => {
    if (file === undefined) throw new Error('EACCES');
    return file;
  },
});

test.each([
  ['running', 'x64', undefined, /^computes in code that is not JavaScript/],
  ['0 0x17 0x7ffc 0x1000', 'x64', '/data/slow', /^waits in the call read of the system \(of \/data\/slow\)$/],
  ['63 0x17 0x7ffc 0x1000', 'arm64', '/data/slow', /^waits in the call read of the system \(of \/data\/slow\)$/],
  ['74 0x17', 'x64', undefined, /^waits in the call fsync of the system$/],
  ['281 0x5', 'x64', 'anon_inode:[eventpoll]', /^waits in the call epoll_pwait of the system \(for a child process/],
  ['202 0x5', 'x64', undefined, /^waits in the call futex of the system \(for another thread\)$/],
  ['999 0x5', 'x64', undefined, /^waits in call 999 of the system$/],
  ['0 0x17', 'riscv64', undefined, /^waits in call 0 of the system$/],
])('%s on %s', (syscall, arch, file, expected) => {
  expect(nativeCall(filesWith(syscall, file), arch)).toMatch(expected);
});

test('where the kernel does not say, or says something else, it is not known', () => {
  const silent = {
    syscall: (): string => {
      throw new Error('ENOENT');
    },
    fileOf: (): string => '',
  };
  expect(nativeCall(silent)).toBeUndefined();
  expect(nativeCall(filesWith('-1 0x0'))).toBeUndefined();
  expect(nativeCall(filesWith(''))).toBeUndefined();
});

test('a path is cut', () => {
  expect(nativeCall(filesWith('0 0x1', `/${'x'.repeat(5_000)}`), 'x64')?.length).toBeLessThan(300);
});
