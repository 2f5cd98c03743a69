/** What is not shown of states and messages. */
import { describe, expect, test } from 'vitest';
import { REDACTED, REDACTIONS_MAX, Redaction, validateRedact } from '../../../src/inspection/redaction.ts';

describe('what is redacted', () => {
  test('is a whole kind, or fields by their names at any depth; the rest is shown, and the value stays as it was', () => {
    const redaction = new Redaction({ vault: true, account: ['iban'], 'card-*': ['pan'], '*': ['password'] });
    const state = {
      iban: 'DE1',
      list: [{ iban: 'DE2', sum: 1 }],
      password: { a: 1 },
      map: [
        ['iban', 'DE3'],
        ['b', 2],
      ],
    };
    const before = structuredClone(state);
    expect(redaction.of('vault/a', { any: 1 })).toBe(REDACTED);
    expect(redaction.of('account/a', state)).toEqual({
      ...{ iban: REDACTED, list: [{ iban: REDACTED, sum: 1 }], password: REDACTED },
      map: [
        ['iban', REDACTED],
        ['b', 2],
      ],
    });
    expect(redaction.of('order/a', state)).toEqual({ ...state, password: REDACTED });
    expect(redaction.of('card-visa/a', { pan: 1, iban: 2 })).toEqual({ pan: REDACTED, iban: 2 });
    expect(state).toEqual(before);
  });

  test('of what is sent to a topic is what any kind redacts', () => {
    expect(new Redaction({ account: ['iban'] }).of('deposits', { iban: 1, sum: 2 })).toEqual({
      iban: REDACTED,
      sum: 2,
    });
    const known = new Redaction({ account: ['iban'] }, (kind) => kind === 'order');
    expect(known.of('news/today', { iban: 1 })).toEqual({ iban: REDACTED });
    expect(known.of('order/today', { iban: 1 })).toEqual({ iban: 1 });
    expect(new Redaction({ vault: true }).of('deposits', { sum: 2 })).toBe(REDACTED);
  });

  test('is nothing where nothing is said, and of nothing', () => {
    expect(new Redaction().of('vault/a', { a: 1 })).toEqual({ a: 1 });
    expect(new Redaction({ '*': true }).of('vault/a', undefined)).toBeUndefined();
  });

  test('is named by patterns of kinds with names of fields; each fault is told', () => {
    expect(validateRedact({ account: ['iban'], '*': true }, 'dashboard.redact')).toEqual([]);
    expect(validateRedact(undefined, 'dashboard.redact')).toEqual([]);
    const many = Object.fromEntries(Array.from({ length: REDACTIONS_MAX + 1 }, (_, n) => [`k${n}`, true]));
    for (const wrong of [[], 'all', null, { Account: true }, { a: false }, { a: [''] }, { a: [1] }, many])
      expect(validateRedact(wrong, 'dashboard.redact'), JSON.stringify(wrong).slice(0, 50)).toHaveLength(1);
  });
});
