import { describe, expect, it, test } from 'vitest';
import { resolveWeb, validateWeb } from '../../../src/web/web-options.ts';

describe('the options metrics and dashboard', () => {
  test.each([
    [7, undefined, 'metrics: expected { port, … }; got 7'],
    [{}, undefined, 'metrics.port: expected a whole number from 0 to 65535; got undefined'],
    [{ port: 65_536 }, undefined, 'metrics.port: expected a whole number from 0 to 65535; got 65536'],
    [{ port: '80' }, undefined, "metrics.port: expected a whole number from 0 to 65535; got '80'"],
    [{ port: 80, host: 'a b' }, undefined, "metrics.host: expected a name or an address, such as '0.0.0.0'; got 'a b'"],
    [{ port: 80, hots: 'a' }, undefined, "metrics.hots: expected one of port, host; got 'hots' (did you mean 'host'?)"],
    [undefined, { port: 80, token: '' }, 'dashboard.token: expected 1 to 1024 characters; got 0'],
    [undefined, { port: 80, token: 7 }, 'dashboard.token: expected 1 to 1024 characters; got a number'],
    [undefined, { port: 80, readOnly: 1 }, 'dashboard.readOnly: expected true or false; got 1'],
    [
      undefined,
      { port: 80, host: '0.0.0.0' },
      "dashboard.token: expected one where others can connect (host '0.0.0.0'); got undefined",
    ],
  ])('%j, %j: %s', (metrics, dashboard, fault) => {
    expect(validateWeb(metrics, dashboard)).toEqual([fault]);
  });

  it('never repeat a token in a fault', () => {
    const token = 'x'.repeat(2_000);
    expect(validateWeb(undefined, { port: 80, token }).join()).not.toContain('xx');
  });

  it('make one address, or two', () => {
    const page = { option: 'dashboard', host: '127.0.0.1', port: 80, token: undefined, readOnly: false };
    const metrics = { option: 'metrics', host: '127.0.0.1', port: 80, token: undefined, readOnly: true };
    expect(resolveWeb(undefined, undefined)).toEqual([]);
    expect(resolveWeb({ port: 80 }, undefined)).toEqual([metrics]);
    expect(resolveWeb({ port: 80 }, { port: 80 })).toEqual([page]);
    expect(resolveWeb({ port: 81, host: '0.0.0.0' }, { port: 80 })).toEqual([
      page,
      { ...metrics, port: 81, host: '0.0.0.0' },
    ]);
  });
});
