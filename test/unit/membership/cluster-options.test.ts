import { LEASE_MS_MAX, LEASE_MS_MIN } from '../../../src/machines/lease.ts';
import { afterEach, describe, expect, it, test, vi } from 'vitest';
import { resolveCluster, schemaOf, shownUrl, clusterFaults } from '../../../src/membership/cluster-options.ts';
import { resolveOptions } from '../../../src/options.ts';

const URL = 'postgres://ada:secret@db.example/app';

describe('the option cluster', () => {
  it('is an address, or an object with one, and has its defaults', () => {
    const all = { url: URL, name: 'troupe', advertise: undefined, leaseMs: 15_000 };
    expect(resolveCluster(URL, undefined)).toEqual(all);
    expect(resolveCluster({ url: URL, name: 'two', leaseMs: 300 }, undefined)).toEqual({
      ...{ ...all, name: 'two', leaseMs: 300 },
    });
    expect(resolveCluster(undefined, URL)).toEqual(all);
    expect(resolveCluster(undefined, '')).toBeUndefined();
    expect(resolveCluster(undefined, undefined)).toBeUndefined();
    expect(schemaOf({ ...all, name: 'eu-1' })).toBe('troupe_eu_1');
  });

  it('goes before the environment', () => {
    expect(resolveCluster(URL, 'postgres://other/app')?.url).toBe(URL);
  });

  test.each([
    [42, 'cluster: expected the address of a database'],
    [[], 'cluster: expected the address of a database'],
    ['mysql://host/app', 'got mysql://host/app'],
    ['nonsense', 'got a text that is no address'],
    [{}, 'cluster.url: expected the address of a database'],
    [{ url: URL, leaseMs: LEASE_MS_MIN - 1 }, 'cluster.leaseMs: expected a whole number from 300 to 600000; got 299'],
    [{ url: URL, leaseMs: LEASE_MS_MAX + 1 }, 'got 600001'],
    [{ url: URL, name: 'Upper' }, "got 'Upper'"],
    [{ url: URL, name: 'a'.repeat(41) }, 'at most 40 characters'],
    [{ url: URL, advertise: 'host' }, 'cluster.advertise: expected host:port'],
    [{ url: URL, advertise: 'host:70000' }, 'cluster.advertise: expected host:port'],
    [{ url: URL, lease: 5 }, 'cluster.lease'],
  ])('that is %j is refused', (option, expected) => {
    const faults = clusterFaults(option, undefined);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(expected);
  });

  it('of the environment is checked too', () => {
    expect(clusterFaults(undefined, 'redis://x')).toEqual([
      expect.stringMatching(/^TROUPE_CLUSTER: .*got redis:\/\/x$/),
    ]);
  });

  it('never shows a password', () => {
    expect(shownUrl(URL)).toBe('postgres://ada:***@db.example/app');
    expect(shownUrl('postgres://h/app?password=secret&sslmode=require')).not.toContain('secret');
    expect(clusterFaults('redis://ada:secret@host', undefined).join()).not.toContain('secret');
  });
});

describe('a system with a cluster', () => {
  afterEach(() => vi.unstubAllEnvs());

  it('is asked for by the option, or by TROUPE_CLUSTER', () => {
    expect(resolveOptions({}).cluster).toBeUndefined();
    expect(resolveOptions({ cluster: { url: URL, leaseMs: 5_000 } }).cluster).toMatchObject({
      url: URL,
      leaseMs: 5_000,
    });
    vi.stubEnv('TROUPE_CLUSTER', URL);
    expect(resolveOptions({}).cluster).toMatchObject({ url: URL, name: 'troupe' });
  });

  it('is refused where it could not be one', () => {
    expect(() => resolveOptions({ cluster: { url: URL, leaseMs: 1 } })).toThrow('cluster.leaseMs');
    expect(() => resolveOptions({ cluster: URL, workers: 0 })).toThrow(
      "workers: expected at least one on a machine of a cluster, or role: 'client'; got 0",
    );
  });

  it('has clients, which have no workers', () => {
    expect(resolveOptions({ cluster: URL, workers: 0, role: 'client' }).isClient).toBe(true);
    expect(() => resolveOptions({ cluster: URL, workers: 2, role: 'client' })).toThrow(
      'workers: expected 0 for a client',
    );
    expect(() => resolveOptions({ workers: 0, role: 'client' })).toThrow('role: expected with the option cluster');
    expect(() => resolveOptions({ cluster: URL, role: 'worker' as never })).toThrow(
      "role: expected 'client'; got 'worker'",
    );
  });
});
