/** A logger of a user may throw, now or always: what writes a line goes on, and what can be said is said. */
import { expect, test } from 'vitest';
import { guardedLog } from '../../../src/observe/guarded-log.ts';
import type { Log } from '../../../src/observe/log.ts';

type Level = 'debug' | 'info' | 'warn' | 'error';
const LEVELS: Level[] = ['debug', 'info', 'warn', 'error'];

/** Takes what `takes` takes, and throws at everything else. */
function pickyLog(takes: (fields: { err?: unknown }) => boolean): { log: Log; lines: [Level, object, string][] } {
  const lines: [Level, object, string][] = [];
  const write =
    (level: Level) =>
    (fields: object, text: string): void => {
      if (!takes(fields)) throw new TypeError('no room');
      lines.push([level, fields, text]);
    };
  const [debug, info, warn, error] = LEVELS.map(write) as [Log['debug'], Log['info'], Log['warn'], Log['error']];
  const log: Log = { debug, info, warn, error, child: () => log };
  return { log, lines };
}

test.each(LEVELS)('a logger that takes nothing ends no one who writes at %s', (level) => {
  const { log, lines } = pickyLog(() => false);
  const guarded = guardedLog(log);
  guarded[level]({}, 'a line');
  guarded[level]({ err: new Error('with an error') }, 'a line');
  expect(lines).toEqual([]);
});

test('an error that its serializer cannot read is written as what can be read of it, once; a line without one is not tried again', () => {
  class Odd extends Error {}
  const { log, lines } = pickyLog(({ err }) => err === undefined || !(err instanceof Odd));
  const guarded = guardedLog(log);
  guarded.error({ err: new Odd('torn'), actor: 'counter/a' }, 'it threw');
  expect(lines).toEqual([
    ['error', { err: expect.objectContaining({ message: 'torn' }), actor: 'counter/a' }, 'it threw'],
  ]);
  let tries = 0;
  const none = pickyLog(() => {
    tries++;
    return false;
  });
  guardedLog(none.log).warn({}, 'no error');
  expect(tries).toBe(1);
});

test('the log of an actor is its own: what throws there is an error of its turn', () => {
  const { log } = pickyLog(() => false);
  expect(() => guardedLog(log).child({ actor: 'counter/a' }).info({}, 'mine')).toThrow('no room');
});
