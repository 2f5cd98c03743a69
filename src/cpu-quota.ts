/**
 * How many CPUs the control groups of Linux let this process use. A container with a quota of half a CPU sees all CPUs of its
 * machine; a worker for each would share that half, and be stopped for most of every period.
 */
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';

/** The text of a file; undefined where it cannot be read. */
export type ReadText = (path: string) => string | undefined;

/** Where the files of a hierarchy are, and the group in it that the mount shows as its root. */
interface Mount {
  point: string;
  root: string;
}

type QuotaOf = (folder: string, read: ReadText) => number;

/** CPUs, with fractions: the least quota of the group of this process and of those around it; Infinity where there is none. */
export function cpuQuota(read: ReadText = readText): number {
  const mounts = (read('/proc/self/mountinfo') ?? '').split('\n');
  const quotas = (read('/proc/self/cgroup') ?? '').split('\n').map((line) => {
    // <hierarchy>:<controllers, none in version 2>:<path>
    const [hierarchy, controllers = '', ...path] = line.split(':');
    const group = path.join(':');
    if (hierarchy === '0' && controllers === '') return least(group, mountOf(mounts, 'cgroup2'), quotaOfVersion2, read);
    if (controllers.split(',').includes('cpu'))
      return least(group, mountOf(mounts, 'cgroup', 'cpu'), quotaOfVersion1, read);
    return Number.POSITIVE_INFINITY;
  });
  return Math.min(Number.POSITIVE_INFINITY, ...quotas);
}

/** From the group up to the root that is mounted: each may hold less than those inside it ask for. */
function least(group: string, mount: Mount | undefined, quotaOf: QuotaOf, read: ReadText): number {
  if (mount === undefined) return Number.POSITIVE_INFINITY;
  const { point, root } = mount;
  const isInside = root === '/' || group === root || group.startsWith(`${root}/`);
  // A group that the mount does not show is seen as that root from in here.
  let folder = posix.join(point, isInside && root !== '/' ? group.slice(root.length) : isInside ? group : '/');
  let quota = quotaOf(folder, read);
  while (folder.length > point.length) {
    folder = posix.dirname(folder);
    quota = Math.min(quota, quotaOf(folder, read));
  }
  return quota;
}

function quotaOfVersion2(folder: string, read: ReadText): number {
  const [quota, period] = (read(posix.join(folder, 'cpu.max')) ?? 'max').trim().split(' ');
  return ratio(quota, period);
}

function quotaOfVersion1(folder: string, read: ReadText): number {
  return ratio(read(posix.join(folder, 'cpu.cfs_quota_us')), read(posix.join(folder, 'cpu.cfs_period_us')));
}

/** `max`, and -1 in version 1, are none. */
function ratio(quota: string | undefined, period: string | undefined): number {
  const cpus = Number(quota) / Number(period);
  return cpus > 0 ? cpus : Number.POSITIVE_INFINITY;
}

/** `<id> <parent> <device> <root> <point> <options> … - <type> <source> <options of all>`; the last one wins, it covers others. */
function mountOf(lines: readonly string[], type: string, controller?: string): Mount | undefined {
  const found = lines.map(mountFrom).filter((mount) => {
    return mount?.type === type && (controller === undefined || mount.controllers.includes(controller));
  });
  return found.at(-1);
}

function mountFrom(line: string): (Mount & { type: string; controllers: string[] }) | undefined {
  const [own = '', common = ''] = line.split(' - ');
  const [, , , root, point] = own.split(' ');
  const [type, , controllers] = common.split(' ');
  if (root === undefined || point === undefined || type === undefined) return undefined;
  return { type, root: unescaped(root), point: unescaped(point), controllers: (controllers ?? '').split(',') };
}

/** Blanks and the like are written as three octal digits. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
