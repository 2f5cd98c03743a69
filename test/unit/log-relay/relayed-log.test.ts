/** The program's logger in the master writes for a worker what it would have written there. */
import { Writable } from 'node:stream';
import { deserialize, serialize } from 'node:v8';
import { type Logger, type LoggerOptions, pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { LINE_CHARS_IN_FLIGHT_MAX, LINES_IN_FLIGHT_MAX, lineSender } from '../../../src/log-relay/line-sender.ts';
import {
  LINE_CHARS_MAX,
  LINE_DEPTH_MAX,
  LINE_EDGES_MAX,
  packValues,
  type LogLine,
} from '../../../src/log-relay/log-line.ts';
import { levelsOf, logRelay } from '../../../src/log-relay/log-relay.ts';
import { relayedLog } from '../../../src/log-relay/relayed-log.ts';

const BASE: LoggerOptions<string> = { base: { app: 'shop' }, timestamp: false };

function loggerWith(options: LoggerOptions<string>): {
  logger: Logger<string>;
  lines: () => unknown[];
  text: () => string;
} {
  const chunks: string[] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk));
      done();
    },
  });
  const text = (): string => chunks.join('');
  const lines = (): unknown[] =>
    text()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as unknown);
  return { logger: pino({ ...BASE, ...options }, sink) as Logger<string>, lines, text };
}

// biome-ignore lint/suspicious/noExplicitAny: loggers with levels of their own
type AnyLog = any;

/** The same call on a logger itself, and on one of a worker whose lines it writes. */
function both(
  options: LoggerOptions<string>,
  call: (log: AnyLog) => void,
): { direct: unknown[]; relayed: unknown[]; text: string } {
  const one = loggerWith(options);
  const two = loggerWith(options);
  const relay = logRelay(two.logger, 'troupe');
  const levels = deserialize(serialize(levelsOf(two.logger)));
  const own = one.logger.child({ system: 'troupe', worker: 2 });
  const relayed = relayedLog(levels, (line) => relay(2, deserialize(serialize(line)) as LogLine));
  // From one place, so that stacks are the same.
  for (const log of [own, relayed]) call(log);
  return { direct: one.lines(), relayed: two.lines(), text: two.text() };
}

class Declined extends TypeError {
  code = 'E_DECLINED';
  card = { number: '4711', holder: 'ann' };
}

const circle: Record<string, unknown> = { name: 'a' };
circle.self = circle;

const CALLS: [what: string, call: (log: AnyLog) => void][] = [
  ['fields and a text', (log) => log.info({ n: 1, deep: { list: [1, 'two', null, undefined, true] } }, 'said')],
  ['a text alone', (log) => log.warn('only text')],
  ['a text with values', (log) => log.error({ a: 1 }, 'got %s and %d of %j', 'x', 7, { o: 1 })],
  ['an error', (log) => log.error(new Declined('no money'))],
  ['an error in a field, with a cause', (log) => log.error({ err: new Error('a', { cause: new Declined('b') }) }, 'c')],
  ['several errors in one', (log) => log.error(new AggregateError([new Error('a'), new RangeError('b')], 'both'))],
  [
    'children',
    (log) =>
      log
        .child({ actor: 'a/1' })
        .child({ turn: 7, err: new Error('x') })
        .info({ n: 1 }, 'in turn'),
  ],
  ['dates, bytes, large numbers', (log) => log.info({ at: new Date(0), bytes: Buffer.from('abc'), big: 7n, not: NaN })],
  [
    'functions, symbols, maps, classes',
    (log) => log.info({ f() {}, s: Symbol('s'), m: new Map([[1, 2]]), u: new URL('http://a/b') }),
  ],
  ['what converts itself', (log) => log.info({ money: { toJSON: () => ({ cents: 5 }) } })],
  ['a field named __proto__', (log) => log.info(JSON.parse('{"a":{"__proto__":{"x":1},"constructor":2}}'))],
  ['a circle', (log) => log.info({ circle })],
  ['nothing', (log) => log.info({})],
];

describe('a line of a worker is the line that the logger itself would have written', () => {
  test.each(CALLS)('%s', (_, call) => {
    const { direct, relayed } = both({}, call);
    expect(relayed).toEqual(direct);
    expect(relayed).toHaveLength(1);
  });

  test.each(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])('at the level %s', (level) => {
    const { direct, relayed } = both({ level }, (log) => {
      for (const name of ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']) log[name]({ name }, 'said');
    });
    expect(relayed).toEqual(direct);
  });

  test('with levels of its own', () => {
    const { direct, relayed } = both({ level: 'verbose', customLevels: { verbose: 15, audit: 35 } }, (log) => {
      for (const name of ['trace', 'verbose', 'audit', 'info']) log[name]('said');
    });
    expect(relayed).toEqual(direct);
    expect(relayed).toHaveLength(3);
  });

  test('with redaction, of the logger and of a child', () => {
    const redact = ['password', '*.token', 'err.card.number', 'user.cards[*].pin'];
    const { direct, relayed, text } = both({ redact }, (log) => {
      log.info({ password: 'geheim', a: { token: 'geheim', b: 1 }, user: { cards: [{ pin: 'geheim' }] } });
      log.child({ password: 'geheim' }).warn('as a binding');
      log
        .child({}, { redact: { paths: ['key', ...Array.from({ length: 200 }, (_, n) => `k${n}`)], censor: '***' } })
        .info({ key: 'geheim', k199: 'geheim' });
      log.child({}, { redact: { paths: ['key'], censor: () => 'hidden', remove: true } }).info({ key: 'geheim' });
      const error = new Declined('no');
      error.card.number = 'geheim';
      log.error(error);
    });
    expect(text).not.toContain('geheim');
    expect(relayed).toEqual(direct);
  });

  test('with serializers, of the logger and of a child', () => {
    const serializers = { user: (user: { name: string; mail: string }) => ({ name: user.name }) };
    const { direct, relayed, text } = both({ serializers }, (log) => {
      log.info({ user: { name: 'ann', mail: 'geheim' } });
      const own = log.child(
        { order: 1 },
        { serializers: { order: (order: unknown) => `order ${order}`, key: () => 'k' } },
      );
      own.info({ key: 'geheim' });
      own.child({ order: 2 }).info({ key: 'geheim' });
    });
    expect(text).not.toContain('geheim');
    expect(relayed).toEqual(direct);
  });

  test.each(['DESC', (level: number, least: number) => level % 2 === least % 2] as const)(
    'with levels that go by another rule: %s',
    (levelComparison) => {
      const options = {
        customLevels: { fatal: 10, alert: 11, error: 20, warn: 30, info: 40, debug: 50 },
        ...{ useOnlyCustomLevels: true, level: 'warn', levelComparison },
      } as LoggerOptions<string>;
      const { direct, relayed } = both(options, (log) => {
        for (const level of ['fatal', 'alert', 'error', 'warn', 'info', 'debug']) log[level](`at ${level}`);
        log.child({ a: 1 }, { level: 'info' }).info('said');
      });
      expect(relayed).toEqual(direct);
      expect(relayed.length).toBeGreaterThan(3);
    },
  );

  test('with fields that are set on it later', () => {
    const { direct, relayed } = both({ redact: ['password'] }, (log) => {
      const child = log.child({ a: 1 });
      const grandchild = child.child({ c: 3 });
      child.setBindings({ b: 2, password: 'geheim' });
      child.info('has both');
      child.child({ d: 4 }).info('has all');
      grandchild.info('has the first');
    });
    expect(relayed).toEqual(direct);
  });

  test('with a level that is set, for all that have none of their own', () => {
    const { direct, relayed } = both({ level: 'trace' }, (log) => {
      const child = log.child({ a: 1 });
      const own = log.child({ b: 2 }, { level: 'warn' });
      log.level = 'error';
      child.info('not said');
      own.warn('said');
      log.level = 'debug';
      child.child({ c: 3 }).debug('said');
      child.trace('not said');
    });
    expect(relayed).toEqual(direct);
    expect(relayed).toHaveLength(2);
  });

  test('with a level that a child is given, or that is set', () => {
    const { direct, relayed } = both({ level: 'warn' }, (log) => {
      const child = log.child({ a: 1 }, { level: 'debug', msgPrefix: '> ' });
      child.debug('said');
      child.trace('not said');
      log.info('not said');
      child.level = 'error';
      child.warn('not said');
      child.error('said');
    });
    expect(relayed).toEqual(direct);
    expect(relayed).toHaveLength(2);
  });
});

describe('a log call', () => {
  function linesOf(call: (log: AnyLog) => void): LogLine[] {
    const lines: LogLine[] = [];
    call(relayedLog({ values: { info: 30, error: 50 }, level: 'info' }, (line) => lines.push(line)));
    return lines;
  }

  const hostile = new Proxy(
    {},
    {
      ownKeys() {
        throw new Error('no keys');
      },
    },
  );

  test.each([
    [
      'getters that throw',
      {
        get a() {
          throw new Error('no');
        },
        b: 1,
      },
    ],
    ['a proxy that refuses', { hostile }],
    [
      'a toJSON that throws',
      {
        a: {
          toJSON() {
            throw null;
          },
        },
      },
    ],
    [
      'an error with odd parts',
      {
        err: Object.defineProperty(new Error('x'), 'message', {
          get() {
            throw new Error('no');
          },
        }),
      },
    ],
  ])('with %s costs nobody an error', (_, fields) => {
    const [line] = linesOf((log) => log.info(fields, 'said'));
    expect(line?.values[1]).toBe('said');
    expect(() => serialize(line)).not.toThrow();
  });

  test('is cut at its bounds', () => {
    const deep = Array.from({ length: 100 }).reduce((inner) => ({ inner }), {});
    const [line] = linesOf((log) =>
      log.info({
        long: 'x'.repeat(10 * LINE_CHARS_MAX),
        list: Array.from({ length: 5_000 }, (_, n) => n),
        deep,
        bytes: Buffer.alloc(1e6),
      }),
    );
    expect(serialize(line).byteLength).toBeLessThan(2 * LINE_CHARS_MAX);
    const bush = (depth: number): unknown => (depth === 0 ? 1 : Array.from({ length: 60 }, () => bush(depth - 1)));
    const large = bush(3);
    const [third] = linesOf((log) =>
      log.info({ a: Array.from({ length: 60 }, () => Array.from({ length: 60 }, () => large)) }),
    );
    expect(serialize(third).byteLength).toBeLessThan(2 * LINE_CHARS_MAX);
    const wide = Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`key${n}`, n]));
    const [other] = linesOf((log) => log.info(wide));
    expect(Object.keys(other?.values[0] as object)).toHaveLength(LINE_EDGES_MAX + 1);
  });
});

describe('lines that the master does not take', () => {
  const line = (size: number): LogLine => ({ level: 'info', children: [], values: ['said'], size });

  test.each([
    ['lines', LINES_IN_FLIGHT_MAX, 1],
    ['characters', LINE_CHARS_IN_FLIGHT_MAX / LINE_CHARS_MAX, LINE_CHARS_MAX],
  ])('are dropped beyond the bound of %s, and counted', (_, count, size) => {
    const sent: (() => void)[] = [];
    const lines: LogLine[] = [];
    const take = lineSender((one, done) => {
      lines.push(one);
      sent.push(done);
    });
    for (let n = 0; n < count + 7; n++) take(line(size));
    expect(lines).toHaveLength(count);
    for (const done of sent.splice(0)) done();
    take(line(size));
    expect(lines.slice(count)).toMatchObject([
      { level: 'warn', values: [{ dropped: 7 }, expect.any(String)] },
      line(size),
    ]);
  });
});

test('a logger that throws costs its line, and nothing else', () => {
  const said: unknown[] = [];
  const broken = {
    level: 'info',
    child: () => broken,
    info: () => {
      throw new Error('full');
    },
    warn: (...of: unknown[]) => said.push(of),
  };
  const warnings: string[] = [];
  const listen = (warning: Error): number => warnings.push(warning.message);
  process.on('warning', listen);
  const relay = logRelay(broken as never, 'troupe');
  relay(1, { level: 'info', children: [], values: ['a'], size: 1 });
  relay(1, { level: 'warn', children: [], values: ['b'], size: 1 });
  relay(1, { level: 'unknown', children: [], values: ['c'], size: 1 });
  expect(said).toEqual([['b']]);
  return new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
    process.off('warning', listen);
    expect(warnings.join()).toContain('worker 1: full');
  });
});

test('what is deeper than a line may be is named, not copied', () => {
  let deep: unknown = { bottom: 1 };
  for (let n = 1; n < LINE_DEPTH_MAX; n++) deep = { deep };
  expect(JSON.stringify(packValues([deep]).values)).toContain('"bottom":1');
  expect(JSON.stringify(packValues([{ deep }]).values)).not.toContain('bottom');
  expect(JSON.stringify(packValues([{ deep }]).values)).toContain('"[Object]"');
});
