import { describe, expect, it } from 'vitest';
import { breaches, FILE_LINES_MAX, importsOf, ROOM_LINES_MAX, ROOMS } from './architecture-rules.ts';
import { readSources } from './sources.ts';

describe('the house', () => {
  it('stands: no room knows one above it, no circles, no second doors, no giants', () => {
    expect(breaches(readSources())).toEqual([]);
  });

  it('is read whole: its ground floor is among the sources, with its imports', () => {
    const sources = readSources();
    expect(importsOf(sources['structures/deadline-wheel.ts'] ?? '')).toEqual(['./number-heap.ts']);
    expect(importsOf(sources['vocabulary/address.ts'] ?? '')).toContain('./errors.ts');
  });
});

describe('an import', () => {
  it.each([
    ["import { a } from './a.ts';", './a.ts'],
    ["import type { A } from './a.ts';", './a.ts'],
    ["import {\n  a,\n  type B,\n} from './a.ts';", './a.ts'],
    ["import a, * as b from './a.ts';", './a.ts'],
    ["import './a.ts';", './a.ts'],
    ["export * from './a.ts';", './a.ts'],
    ["export type { A } from './a.ts';", './a.ts'],
    ["const a = await import('./a.ts');", './a.ts'],
    ["type A = import('./a.ts').A;", './a.ts'],
    ["const a = require('./a.ts');", './a.ts'],
    ["const url = 'https://x.org/*'; import './a.ts'; /* */", './a.ts'],
  ])('is seen in %j', (source, expected) => {
    expect(importsOf(source)).toEqual([expected]);
  });

  it.each([
    "// import './a.ts';",
    "/* import { a } from './a.ts'; */",
    "/**\n * import('./a.ts')\n */",
    'import.meta.url',
  ])('is not seen in %j', (source) => {
    expect(importsOf(source)).toEqual([]);
  });
});

describe('a sound house', () => {
  it('has no breach', () => {
    const sources = {
      'index.ts': "export * from './actor-system.ts';",
      'actor-system.ts': "import './options.ts'; import './worker/worker.ts'; import './master/master.ts';",
      'options.ts': '',
      'worker/worker.ts': "import '../actor/cell.ts'; import '../wire/codec.ts'; import 'node:net';",
      'master/master.ts': "import './worker-machine.ts'; import '../wire/codec.ts'; import '../placement/shard.ts';",
      'worker-pool/worker-machine.ts': "import 'xstate'; import 'node:cluster';",
      'actor/cell.ts': "import './machine-actor.ts'; import '../supervision/backoff.ts'; // setTimeout",
      'actor/xstate-actor.ts': "import type { A } from 'xstate';",
      'supervision/backoff.ts': '// no setTimeout, no Date.now here',
      'placement/shard.ts': '',
      'wire/codec.ts': "import 'msgpackr'; import '../vocabulary/clock.ts';",
      'vocabulary/clock.ts': 'performance.now();',
    };
    expect(breaches(sources)).toEqual([]);
  });
});

describe('a breach', () => {
  it.each(ROOMS.slice(1).map((room, at) => [room, ROOMS[at] as string]))(
    'is a room that looks up: %s at %s',
    (low, high) => {
      const topFile = (room: string): string =>
        room === 'index' || room === 'actor-system' ? `${room}.ts` : `${room}/x.ts`;
      const [importer, imported] = [topFile(low), topFile(high)];
      const up = importer.includes('/') ? '../' : './';
      expect(breaches({ [importer]: `import type { X } from '${up}${imported}';` })).toContain(
        `floor: ${importer} imports ${imported} above it`,
      );
    },
  );

  it.each([
    ['a room that is none', 'misc/x.ts', '', 'room: misc/x.ts belongs to none'],
    ['a file at the top that is none', 'misc.ts', '', 'room: misc.ts belongs to none'],
    [
      'a way out of src',
      'wire/x.ts',
      "import '../../test/x.ts';",
      'room: wire/x.ts imports ../test/x.ts, which belongs to none',
    ],
    ['the house by its public name', 'wire/x.ts', "import 'troupe';", 'floor: wire/x.ts imports index.ts above it'],
    [
      'its test door by its public name',
      'wire/x.ts',
      "import 'troupe/testkit';",
      'floor: wire/x.ts imports testkit/index.ts above it',
    ],
    [
      'actors in the master',
      'master/x.ts',
      "import type { C } from '../actor/cell.ts';",
      'forbidden: master/x.ts imports actor',
    ],
    ['the master in a worker', 'worker/x.ts', "import '../master/master.ts';", 'forbidden: worker/x.ts imports master'],
    ['bytes in the kernel', 'actor/x.ts', "import '../wire/codec.ts';", 'forbidden: actor/x.ts imports wire'],
    [
      'places in the kernel',
      'actor/x.ts',
      "import '../placement/shard.ts';",
      'forbidden: actor/x.ts imports placement',
    ],
    ['the cluster in the kernel', 'actor/x.ts', "import 'node:cluster';", 'forbidden: actor/x.ts imports cluster'],
    ['sockets in the kernel', 'actor/x.ts', "await import('net');", 'forbidden: actor/x.ts imports net'],
    ['sockets in a pure room', 'placement/x.ts', "import 'node:net';", 'forbidden: placement/x.ts imports net'],
    [
      'timers in a pure room',
      'supervision/x.ts',
      "import 'node:timers/promises';",
      'forbidden: supervision/x.ts imports timers',
    ],
    ['setTimeout in a pure room', 'supervision/x.ts', 'setTimeout(f, 1);', 'pure: supervision/x.ts uses setTimeout'],
    ['setInterval in a pure room', 'placement/x.ts', 'setInterval(f, 1);', 'pure: placement/x.ts uses setInterval'],
    ['Date.now in a pure room', 'placement/x.ts', 'const t = Date.now();', 'pure: placement/x.ts uses Date.now'],
    ['performance in a pure room', 'supervision/x.ts', 'performance.now();', 'pure: supervision/x.ts uses performance'],
    ['chance in a pure room', 'supervision/x.ts', 'Math.random();', 'pure: supervision/x.ts uses Math.random'],
    [
      'xstate in a third file',
      'actor/x.ts',
      "import type { A } from 'xstate';",
      'door: xstate is imported by actor/x.ts',
    ],
    ['a file named utils', 'wire/utils.ts', '', 'shape: wire/utils.ts is named after no noun of the field'],
    ['a file named types', 'wire/types.ts', '', 'shape: wire/types.ts is named after no noun of the field'],
    ['a folder named helpers', 'wire/helpers/x.ts', '', 'shape: wire/helpers/x.ts is named after no noun of the field'],
  ])('is %s', (_what, path, source, expected) => {
    expect(breaches({ [path]: source })).toContain(expected);
  });

  it.each(['node:cluster', 'lmdb', 'msgpackr', 'nanoid', 'nanoid/non-secure'])('is a second door to %s', (name) => {
    const one = { 'wire/a.ts': `import '${name}';` };
    expect(breaches(one)).toEqual([]);
    const module = name.replace('node:', '').replace('/non-secure', '');
    expect(breaches({ ...one, 'worker/b.ts': `import type { X } from '${name}';` })).toEqual([
      `door: ${module} is imported by wire/a.ts and worker/b.ts`,
    ]);
  });

  it.each([
    ['durability/x.ts', 'cell.current = undefined;', 'current'],
    ['durability/x.ts', "this.cell.stopping = 'removed';", 'stopping'],
    ['handoff/x.ts', 'cell.own.quiescing ??= () => {};', 'quiescing'],
    ['handoff/x.ts', 'cell.phase++;', 'phase'],
    ['process/x.ts', 'this.#cell.restarts += 1;', 'restarts'],
    ['actor/lifecycle.ts', "cell.status = 'ready';", 'status'],
    ['testkit/x.ts', "cell.status\n  = 'ready';", 'status'],
  ])('is a cell that is written from outside: %s with %j', (path, source, field) => {
    expect(breaches({ [path]: source })).toEqual([`cell: ${path} writes ${field}`]);
  });

  it.each([
    ['durability/x.ts', "if (cell.status === 'ready') cell.wake();"],
    ['durability/x.ts', 'const f = (cell) => cell.own;'],
    ['durability/x.ts', "const isReady = cell.status == 'ready' || cell.phase >= 2;"],
    ['durability/x.ts', '// cell.current = undefined;'],
    ['actor/lifecycle.ts', 'cell.begun = true; cell.phase++;'],
    ['worker-pool/x.ts', "this.worker.status = 'ready';"],
  ])('is none where a cell is read, or written in its room: %s with %j', (path, source) => {
    expect(breaches({ [path]: source })).toEqual([]);
  });

  it('is a store, a machine or the cluster in what a client loads, however far away; a type import loads nothing', () => {
    const sources = {
      'client/index.ts': "import '../peer/x.ts'; import type { S } from '../actor/y.ts';",
      'peer/x.ts': "import {\n  a,\n} from '../wire/z.ts';",
      'wire/z.ts': "import type { Packr } from 'xstate'; export { b } from 'lmdb';",
      'actor/y.ts': "import 'node:cluster';",
    };
    const found = breaches(sources).filter((breach) => breach.startsWith('light'));
    expect(found).toEqual(['light: client/index.ts loads lmdb by wire/z.ts']);
  });

  it('is a circle, through any number of files and type imports too', () => {
    expect(
      breaches({
        'wire/a.ts': "import './b.ts';",
        'wire/b.ts': "import type { C } from './c.ts';",
        'wire/c.ts': "export * from './a.ts';",
      }),
    ).toEqual(['circle: wire/a.ts → wire/b.ts → wire/c.ts → wire/a.ts']);
    expect(breaches({ 'wire/a.ts': "import './a.ts';" })).toEqual(['circle: wire/a.ts → wire/a.ts']);
  });

  it('is no room of the most lines allowed, but one of a line more; the kernel may have more', () => {
    const roomOf = (room: string, lines: number): Record<string, string> =>
      Object.fromEntries(
        Array.from({ length: Math.ceil(lines / 100) }, (_, n) => [
          `${room}/x${n}.ts`,
          'x;\n'.repeat(Math.min(100, lines - n * 100)),
        ]),
      );
    expect(breaches(roomOf('wire', ROOM_LINES_MAX))).toEqual([]);
    expect(breaches(roomOf('actor', ROOM_LINES_MAX + 1))).toEqual([]);
    expect(breaches(roomOf('wire', ROOM_LINES_MAX + 1))).toEqual([
      `shape: the room wire has ${ROOM_LINES_MAX + 1} lines`,
    ]);
  });

  it('is no file of the most lines allowed, but one of a line more', () => {
    expect(breaches({ 'wire/x.ts': 'x;\n'.repeat(FILE_LINES_MAX) })).toEqual([]);
    expect(breaches({ 'wire/x.ts': 'x;\n'.repeat(FILE_LINES_MAX + 1) })).toEqual([
      `shape: wire/x.ts has ${FILE_LINES_MAX + 1} lines`,
    ]);
  });
});
