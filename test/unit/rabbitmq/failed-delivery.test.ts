import { expect, it } from 'vitest';
import { AGAIN, verdictOf } from '../../../src/rabbitmq/failed-delivery.ts';
import { ERROR_CODES, type ErrorCode, type Fate, TroupeError } from '../../../src/vocabulary/errors.ts';

const FATES: Fate[] = ['not-executed', 'executed', 'unknown'];
const REJECTED = [
  ...['HANDLER_FAILED', 'REFUSED', 'RETURNED', 'NACKED', 'PROCESS_DIED', 'FORBIDDEN', 'INVALID_ACTOR_ID'],
  ...['UNKNOWN_KIND', 'INVALID_MESSAGE', 'UNKNOWN_MESSAGE', 'MESSAGE_TOO_LARGE'],
];

const verdict = (code: ErrorCode, fate: Fate, tries = 1) =>
  verdictOf(new TroupeError(code, 'x', { fate }), tries, 3, 0.5);

it('what no second try changes is rejected at once, all else is tried again', () => {
  const codes = Object.keys(ERROR_CODES) as ErrorCode[];
  const rejected = codes.filter((code) => verdict(code, 'executed').act === 'reject');
  expect(rejected.sort()).toEqual([...REJECTED].sort());
  expect(codes.filter((code) => verdict(code, 'unknown').act === 'leave')).toEqual(['SHUTTING_DOWN']);
});

it('after the last try only what is known not to be handled is rejected', () => {
  expect(FATES.map((fate) => verdict('ASK_TIMEOUT', fate, 3).act)).toEqual(['reject', 'requeue', 'requeue']);
});

it('waits twice as long each time, up to a bound', () => {
  const waits = [1, 2, 3, 20].map((tries) => verdictOf(new TroupeError('OVERLOADED', 'x'), tries, 100, 0.5));
  expect(waits).toEqual([100, 200, 400, AGAIN.maxMs].map((afterMs) => ({ act: 'again', afterMs })));
});

it('an error that is none of ours is rejected', () => {
  expect(verdictOf(new Error('odd'), 1, 3, 0.5)).toEqual({ act: 'reject', code: 'INVALID_MESSAGE' });
});
