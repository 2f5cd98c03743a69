import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { defineActor } from '../../src/actor/define-actor.ts';
import { durableActorsOf, memorySupply, workersByDefault } from '../../src/worker/memory-budget.ts';
import { POLL_MICROS_MAX } from '../../src/wire/poller.ts';
import {
  DURABLE_IN_MEMORY_MAX,
  MESSAGE_BYTES_MAX,
  MILLISECONDS_MAX,
  resolveOptions,
  type SystemOptions,
  WORKERS_MAX,
} from '../../src/options.ts';

const actor = defineActor({ receive: {} });

function faultsOf(options: unknown): string[] {
  try {
    resolveOptions(options as SystemOptions);
  } catch (error) {
    expect((error as { code: string }).code).toBe('INVALID_OPTIONS');
    return (error as Error).message.split('\n');
  }
  return [];
}

afterEach(() => vi.unstubAllEnvs());

describe('options', () => {
  it('have defaults', () => {
    vi.stubEnv('NODE_ENV', 'test');
    expect(resolveOptions()).toEqual({
      actors: pathToFileURL(resolve('actors')).href,
      listen: [],
      controlSocket: 'wanted',
      web: [],
      given: [],
      trace: 'auto',
      groups: [{ role: 'worker', count: workersByDefault() }],
      main: undefined,
      name: 'troupe',
      dataDir: resolve('.troupe'),
      durableInMemoryMax: Math.min(100_000, durableActorsOf(memorySupply(), workersByDefault() + 1)),
      supervision: {
        onFailure: 'restart',
        intensity: 5,
        periodMs: 30_000,
        backoff: { initialMs: 50, maxMs: 5_000, factor: 2, jitter: 0.2 },
        children: 'one_for_one',
      },
      hangMs: 10_000,
      whenAllGivenUp: 'exit',
      askTimeoutMs: 5_000,
      messageBytesMax: 16 * 1024 * 1024,
      pollMicros: 0,
      isClient: false,
      history: undefined,
      paused: false,
      checkMessages: true,
      shutdownMs: 10_000,
      memory: undefined,
      log: 'info',
      signals: true,
    });
  });

  it('have as many workers as there are CPUs, of those that the container leaves and that find room in memory, and at least one', () => {
    expect(workersByDefault(8, Number.POSITIVE_INFINITY, 100)).toBe(8);
    expect(workersByDefault(8, 2.5, 100)).toBe(2);
    expect(workersByDefault(8, 0.5, 100)).toBe(1);
    expect(workersByDefault(8, 6, 3)).toBe(3);
  });

  it('do not check messages in production, unless it is asked for', () => {
    vi.stubEnv('NODE_ENV', 'production');
    expect(resolveOptions().checkMessages).toBe(false);
    expect(resolveOptions({ checkMessages: true }).checkMessages).toBe(true);
  });

  it('have a control socket, unless it is said', () => {
    expect([true, false].map((controlSocket) => resolveOptions({ controlSocket }).controlSocket)).toEqual([
      ...['required', 'off'],
    ]);
  });

  it('take paths, file URLs and their texts for places', () => {
    const here = pathToFileURL(resolve('some/actors'));
    for (const actors of ['some/actors', here, here.href, resolve('some/actors')]) {
      expect(resolveOptions({ actors }).actors).toBe(here.href);
    }
    expect(resolveOptions({ main: './main.js' }).main).toBe(pathToFileURL(resolve('main.js')).href);
  });

  it('take a record of definitions, no workers, or groups of them', () => {
    expect(resolveOptions({ actors: { counter: actor }, workers: 0 })).toMatchObject({
      actors: { counter: actor },
      groups: [],
    });
    const groups = [
      { role: 'web', count: 2 },
      { role: 'mail', count: 1 },
    ];
    expect(resolveOptions({ workers: groups }).groups).toEqual(groups);
  });

  it('at their bounds are fine', () => {
    const least = { askTimeoutMs: 1, messageBytesMax: 1, shutdownMs: 0, supervision: { hangMs: 100, intensity: 0 } };
    const awake = { pollMicros: POLL_MICROS_MAX };
    const most = { askTimeoutMs: MILLISECONDS_MAX, messageBytesMax: MESSAGE_BYTES_MAX, shutdownMs: MILLISECONDS_MAX };
    const all = [least, most, awake, { workers: WORKERS_MAX }, { durableInMemoryMax: DURABLE_IN_MEMORY_MAX }];
    expect(all.flatMap(faultsOf)).toEqual([]);
    expect(faultsOf({ durableInMemoryMax: DURABLE_IN_MEMORY_MAX + 1 })).toEqual([
      expect.stringContaining(`durableInMemoryMax: expected a whole number from 1 to ${DURABLE_IN_MEMORY_MAX}; got`),
    ]);
  });

  it('are all named at once where they are faulty, each with what was expected and what was got', () => {
    const faults = faultsOf({
      ...{ worker: 2, askTimeoutMs: 0, messageBytesMax: 1.5, shutdownMs: -1, name: 'Not A Name', dataDir: '' },
      ...{ checkMessages: 'yes', controlSocket: 'yes', main: 7, log: 'loud', actors: [], workers: -1 },
      supervision: { hangMs: 5, intensity: -1, onFailure: 'resume', backoff: { factor: 0 } },
    });
    expect(faults.map((fault) => fault.slice(0, fault.indexOf(':'))).sort()).toEqual(
      [
        ...[
          'worker',
          'askTimeoutMs',
          'messageBytesMax',
          'shutdownMs',
          'name',
          'dataDir',
          'checkMessages',
          'controlSocket',
          'main',
          'log',
        ],
        ...['actors', 'workers', 'supervision.hangMs', 'supervision.intensity', 'supervision.onFailure'],
        'supervision.backoff.factor',
      ].sort(),
    );
    for (const fault of faults) expect(fault).toMatch(/: expected .+; got .+$/);
  });

  it.each([
    ['no object', 7, 'options'],
    ['null', null, 'options'],
    ['an empty path', { actors: '' }, 'actors'],
    ['a URL of another kind', { actors: new URL('https://example.org/actors') }, 'actors'],
    ['the text of a URL that names no file', { actors: 'file://elsewhere/%2f' }, 'actors'],
    ['such a main', { main: 'file://elsewhere/%2f' }, 'main'],
    ['a record beside workers', { actors: { counter: actor }, workers: 2 }, 'actors'],
    ['a record of a bad kind', { actors: { Counter: actor }, workers: 0 }, 'actors'],
    ['too many workers', { workers: WORKERS_MAX + 1 }, 'workers'],
    ['no group', { workers: [] }, 'workers'],
    ['a group that is none', { workers: [null] }, 'workers[0].role'],
    ['a bad role', { workers: [{ role: 'Web', count: 1 }] }, 'workers[0].role'],
    ['a group of nobody', { workers: [{ role: 'web', count: 0 }] }, 'workers[0].count'],
    [
      'groups of too many',
      {
        workers: [
          { role: 'a', count: WORKERS_MAX },
          { role: 'b', count: 1 },
        ],
      },
      'workers',
    ],
    ['supervision that is none', { supervision: 'strict' }, 'supervision'],
    ['a logger that is none', { log: { info: () => {} } }, 'log'],
    ['a time too long', { askTimeoutMs: MILLISECONDS_MAX + 1 }, 'askTimeoutMs'],
    ['a drain too long', { shutdownMs: MILLISECONDS_MAX + 1 }, 'shutdownMs'],
    ['staying awake for too long', { pollMicros: POLL_MICROS_MAX + 1 }, 'pollMicros'],
    ['too little memory', { memory: 1024 * 1024 - 1 }, 'memory'],
    ['a memory of a fraction', { memory: 2 ** 20 + 0.5 }, 'memory'],
    ['messages too large', { messageBytesMax: MESSAGE_BYTES_MAX + 1 }, 'messageBytesMax'],
    ['another end of all workers', { supervision: { whenAllGivenUp: 'restart' } }, 'supervision.whenAllGivenUp'],
    ['a hang too long', { supervision: { hangMs: MILLISECONDS_MAX + 1 } }, 'supervision.hangMs'],
    ['what every object inherits', { actors: { constructor: 7, Proto: actor }, workers: 0 }, 'actors'],
  ])('refuse %s', (_what, options, name) => {
    expect(faultsOf(options)[0]?.startsWith(`${name}: expected`)).toBe(true);
  });
});
