/** How many CPUs and how much memory a container may use, as the files of Linux tell it. */
import { describe, expect, test } from 'vitest';
import { cpuQuota, memoryLimit } from '../../../src/vocabulary/container-limits.ts';

const quotaWith = (files: Record<string, string>): number => cpuQuota((path) => files[path]);
const limitWith = (files: Record<string, string>): number => memoryLimit((path) => files[path]);

const V2 = '29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate';
const V1 = '33 24 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct';
const V1_MEMORY = '34 24 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory';

describe('version 2', () => {
  const files = (group: string, more: Record<string, string>, mount = V2): Record<string, string> => ({
    '/proc/self/mountinfo': `22 1 8:1 / / rw - ext4 /dev/sda1 rw\n${mount}\n`,
    '/proc/self/cgroup': `0::${group}\n`,
    ...more,
  });

  test.each([
    ['50000 100000\n', 0.5],
    ['150000 100000\n', 1.5],
    ['max 100000\n', Number.POSITIVE_INFINITY],
    ['', Number.POSITIVE_INFINITY],
    ['nonsense', Number.POSITIVE_INFINITY],
    ['0 0', Number.POSITIVE_INFINITY],
  ])('cpu.max of %j', (text, expected) => {
    expect(quotaWith(files('/', { '/sys/fs/cgroup/cpu.max': text }))).toBe(expected);
  });

  test('the least of the group and all around it counts', () => {
    const more = {
      '/sys/fs/cgroup/cpu.max': 'max 100000',
      '/sys/fs/cgroup/pods/cpu.max': '200000 100000',
      '/sys/fs/cgroup/pods/mine/cpu.max': 'max 100000',
      '/sys/fs/cgroup/pods/mine/inner/cpu.max': '700000 100000',
    };
    expect(quotaWith(files('/pods/mine/inner', more))).toBe(2);
    expect(quotaWith(files('/pods/mine', more))).toBe(2);
    expect(quotaWith(files('/', more))).toBe(Number.POSITIVE_INFINITY);
  });

  test('a mount that shows a part of the hierarchy only, with a blank in its path', () => {
    const mount = '29 23 0:26 /docker/4711 /my\\040groups rw - cgroup2 cgroup2 rw';
    const more = { '/my groups/cpu.max': '300000 100000', '/my groups/job/cpu.max': '100000 100000' };
    expect(quotaWith(files('/docker/4711', more, mount))).toBe(3);
    expect(quotaWith(files('/docker/4711/job', more, mount))).toBe(1);
    expect(quotaWith(files('/docker/47110/job', more, mount))).toBe(3);
    expect(quotaWith(files('/../../system', more, mount))).toBe(3);
  });
});

test('memory in version 2: the least limit of the group and all around it', () => {
  const files = {
    '/proc/self/mountinfo': V2,
    '/proc/self/cgroup': '0::/pods/mine\n',
    '/sys/fs/cgroup/memory.max': 'max\n',
    '/sys/fs/cgroup/pods/memory.max': '536870912\n',
    '/sys/fs/cgroup/pods/mine/memory.max': 'max\n',
  };
  expect(limitWith(files)).toBe(512 * 1024 ** 2);
  expect(limitWith({ ...files, '/sys/fs/cgroup/pods/mine/memory.max': '1000000\n' })).toBe(1_000_000);
  expect(limitWith({ ...files, '/sys/fs/cgroup/pods/memory.max': 'max\n' })).toBe(Number.POSITIVE_INFINITY);
});

test('memory in version 1, whose root has a number beyond all memory', () => {
  const files = {
    '/proc/self/mountinfo': `${V1_MEMORY}\n${V1}\n`,
    '/proc/self/cgroup': '5:memory:/docker/4711/inner\n4:cpu,cpuacct:/docker/4711\n',
    '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
    '/sys/fs/cgroup/memory/docker/4711/memory.limit_in_bytes': '300000000\n',
    '/sys/fs/cgroup/memory/docker/4711/inner/memory.limit_in_bytes': '9223372036854771712\n',
  };
  expect(limitWith(files)).toBe(300_000_000);
  expect(limitWith({ ...files, '/proc/self/cgroup': '5:memory:/\n' })).toBeGreaterThan(1e15);
});

describe('version 1', () => {
  const files = (more: Record<string, string>, mount = V1): Record<string, string> => ({
    '/proc/self/mountinfo': `${V1_MEMORY}\n${mount}\n`,
    '/proc/self/cgroup': '5:memory:/other\n4:cpu,cpuacct:/docker/4711\n1:name=systemd:/x\n',
    ...more,
  });

  test('quota and period of the group of the controller', () => {
    const folder = '/sys/fs/cgroup/cpu,cpuacct/docker/4711';
    const more = { [`${folder}/cpu.cfs_quota_us`]: '50000\n', [`${folder}/cpu.cfs_period_us`]: '100000\n' };
    expect(quotaWith(files(more))).toBe(0.5);
    expect(quotaWith(files({ ...more, [`${folder}/cpu.cfs_quota_us`]: '-1\n' }))).toBe(Number.POSITIVE_INFINITY);
  });

  test('in a container that sees its group as the root', () => {
    const folder = '/sys/fs/cgroup/cpu,cpuacct';
    const more = { [`${folder}/cpu.cfs_quota_us`]: '250000\n', [`${folder}/cpu.cfs_period_us`]: '100000\n' };
    expect(quotaWith(files(more, V1.replace(' / ', ' /docker/4711 ')))).toBe(2.5);
  });
});

test('without control groups there is no limit', () => {
  expect([quotaWith({}), limitWith({})]).toEqual([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
});

test('of this very machine: some number above 0', () => {
  expect(cpuQuota()).toBeGreaterThan(0);
  expect(memoryLimit()).toBeGreaterThan(0);
});
