/**
 * CPUs and memory that the control groups of Linux leave to this process. A container with a quota of half a CPU sees all CPUs of its
 * machine, and one with a limit all of its memory; Node.js looks at the limit of the very group, not at those around it.
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

/** The limit that one group sets; Infinity where it sets none. */
type LimitOf = (folder: string, read: ReadText) => number;

/** A resource, in the files of both versions; `controller` is its name in version 1. */
interface Resource {
  controller: string;
  inVersion1: LimitOf;
  inVersion2: LimitOf;
}

const CPU: Resource = {
  controller: 'cpu',
  inVersion1: (folder, read) =>
    ratio(read(posix.join(folder, 'cpu.cfs_quota_us')), read(posix.join(folder, 'cpu.cfs_period_us'))),
  inVersion2: (folder, read) => {
    const [quota, period] = (read(posix.join(folder, 'cpu.max')) ?? 'max').trim().split(' ');
    return ratio(quota, period);
  },
};

/** Without a limit version 1 has a number beyond all memory, which harms nobody. */
const MEMORY: Resource = {
  controller: 'memory',
  inVersion1: (folder, read) => ratio(read(posix.join(folder, 'memory.limit_in_bytes')), '1'),
  inVersion2: (folder, read) => ratio(read(posix.join(folder, 'memory.max')), '1'),
};

/** CPUs, with fractions: the least quota of the group of this process and of those around it; Infinity where there is none. */
export function cpuQuota(read: ReadText = readText): number {
  return limitOf(CPU, read);
}

/** Bytes: the least limit of the group of this process and of those around it; beyond all memory where there is none. */
export function memoryLimit(read: ReadText = readText): number {
  return limitOf(MEMORY, read);
}

function limitOf({ controller, inVersion1, inVersion2 }: Resource, read: ReadText): number {
  const mounts = (read('/proc/self/mountinfo') ?? '').split('\n');
  const limits = (read('/proc/self/cgroup') ?? '').split('\n').map((line) => {
    // <hierarchy>:<controllers, none in version 2>:<path>
    const [hierarchy, controllers = '', ...path] = line.split(':');
    const group = path.join(':');
    if (hierarchy === '0' && controllers === '') return least(group, mountOf(mounts, 'cgroup2'), inVersion2, read);
    if (controllers.split(',').includes(controller))
      return least(group, mountOf(mounts, 'cgroup', controller), inVersion1, read);
    return Number.POSITIVE_INFINITY;
  });
  return Math.min(Number.POSITIVE_INFINITY, ...limits);
}

/** From the group up to the root that is mounted: each may hold less than those inside it ask for. */
function least(group: string, mount: Mount | undefined, limitIn: LimitOf, read: ReadText): number {
  if (mount === undefined) return Number.POSITIVE_INFINITY;
  const { point, root } = mount;
  const isInside = root === '/' || group === root || group.startsWith(`${root}/`);
  // A group that the mount does not show is seen as that root from in here.
  let folder = posix.join(point, isInside && root !== '/' ? group.slice(root.length) : isInside ? group : '/');
  let limit = limitIn(folder, read);
  while (folder.length > point.length) {
    folder = posix.dirname(folder);
    limit = Math.min(limit, limitIn(folder, read));
  }
  return limit;
}

/** `max`, and -1 in version 1, are none. */
function ratio(quota: string | undefined, period: string | undefined): number {
  const limit = Number(quota) / Number(period);
  return limit > 0 ? limit : Number.POSITIVE_INFINITY;
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
