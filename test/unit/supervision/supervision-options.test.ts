import { describe, expect, it } from 'vitest';
import {
  validateSupervision,
  INTENSITY_MAX,
  SUPERVISION_DEFAULTS,
  SUPERVISION_MS_MAX,
  supervisionPolicy,
} from '../../../src/supervision/supervision-options.ts';

describe('a supervision policy', () => {
  it('is the documented default where nothing is given', () => {
    const documented = {
      onFailure: 'restart',
      intensity: 5,
      periodMs: 10_000,
      backoff: { initialMs: 50, maxMs: 5_000, factor: 2, jitter: 0.2 },
      children: 'one_for_one',
    };
    expect(supervisionPolicy(undefined)).toEqual(documented);
    expect(supervisionPolicy({})).toEqual(documented);
    expect(supervisionPolicy({ backoff: {}, intensity: undefined })).toEqual(documented);
  });

  it('takes what is given, zeros too, and the defaults for the rest', () => {
    const policy = supervisionPolicy({
      intensity: 0,
      onFailure: 'stop',
      backoff: { jitter: 0 },
      children: 'one_for_all',
    });
    expect(policy).toEqual({
      ...SUPERVISION_DEFAULTS,
      intensity: 0,
      onFailure: 'stop',
      backoff: { ...SUPERVISION_DEFAULTS.backoff, jitter: 0 },
      children: 'one_for_all',
    });
  });

  it('never has a first wait above the longest, when only one of them is given', () => {
    expect(supervisionPolicy({ backoff: { maxMs: 10 } }).backoff).toMatchObject({ initialMs: 10, maxMs: 10 });
    expect(supervisionPolicy({ backoff: { initialMs: 60_000 } }).backoff).toMatchObject({
      initialMs: 60_000,
      maxMs: 60_000,
    });
  });
});

describe('the faults of supervision options', () => {
  it('are none where there are none', () => {
    expect(validateSupervision(undefined, 'supervision')).toEqual([]);
    expect(validateSupervision({}, 'supervision')).toEqual([]);
    expect(validateSupervision(SUPERVISION_DEFAULTS, 'supervision')).toEqual([]);
    expect(validateSupervision({ onFailure: () => 'stop', backoff: undefined }, 'supervision')).toEqual([]);
  });

  it('name the path, what was expected and what was got', () => {
    expect(validateSupervision({ intensity: -1 }, 'supervision')).toEqual([
      `supervision.intensity: expected a whole number from 0 to ${INTENSITY_MAX}; got -1`,
    ]);
    expect(validateSupervision({ children: 'all' }, 'worker.supervision')).toEqual([
      "worker.supervision.children: expected 'one_for_one', 'one_for_all', 'rest_for_one'; got 'all'",
    ]);
  });

  it('are all named, not only the first', () => {
    const faults = validateSupervision({ onFailure: 'retry', periodMs: 0, backoff: { factor: 0.5, jitter: 2 } }, 's');
    expect(faults.map((fault) => fault.slice(0, fault.indexOf(':')))).toEqual([
      's.onFailure',
      's.periodMs',
      's.backoff.factor',
      's.backoff.jitter',
    ]);
  });

  it.each([null, 1, 'restart', []])('include options that are no object: %j', (options) => {
    expect(validateSupervision(options, 's')).toHaveLength(1);
    expect(validateSupervision({ backoff: options }, 's')).toHaveLength(1);
  });

  it('include an option that does not exist, inherited names too', () => {
    expect(validateSupervision({ intensty: 3 }, 's')[0]).toContain("got 'intensty' (did you mean 'intensity'?)");
    expect(validateSupervision({ toString: 3 }, 's')[0]).toContain('s.toString: expected one of onFailure, intensity');
    expect(validateSupervision({ backoff: { max: 3 } }, 's')[0]).toContain(
      's.backoff.max: expected one of initialMs, maxMs',
    );
  });

  it.each([
    [{ intensity: INTENSITY_MAX }, { intensity: INTENSITY_MAX + 1 }],
    [{ intensity: 0 }, { intensity: -1 }],
    [{ intensity: 1 }, { intensity: 1.5 }],
    [{ periodMs: 1 }, { periodMs: 0 }],
    [{ periodMs: SUPERVISION_MS_MAX }, { periodMs: SUPERVISION_MS_MAX + 1 }],
    [{ periodMs: 5 }, { periodMs: '5' }],
    [{ periodMs: 5 }, { periodMs: Number.NaN }],
    [{ backoff: { initialMs: 0 } }, { backoff: { initialMs: -1 } }],
    [{ backoff: { maxMs: SUPERVISION_MS_MAX } }, { backoff: { maxMs: SUPERVISION_MS_MAX + 1 } }],
    [{ backoff: { factor: 1 } }, { backoff: { factor: 0.9 } }],
    [{ backoff: { factor: 1_000 } }, { backoff: { factor: 1_001 } }],
    [{ backoff: { jitter: 1 } }, { backoff: { jitter: 1.01 } }],
    [{ backoff: { initialMs: 9, maxMs: 9 } }, { backoff: { initialMs: 9, maxMs: 8 } }],
  ])('begin past the bound: %j is fine, %j is not', (fine, beyond) => {
    expect(validateSupervision(fine, 's')).toEqual([]);
    expect(validateSupervision(beyond, 's')).toHaveLength(1);
  });
});
