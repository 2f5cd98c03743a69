/** The option `cluster`, and TROUPE_CLUSTER: which cluster a machine belongs to. */
import { LEASE_MS, LEASE_MS_MAX, LEASE_MS_MIN } from '../machines/lease.ts';
import { isKind } from '../vocabulary/address.ts';
import { inspect } from '../plain-data/inspect.ts';
import { unknownOption } from '../vocabulary/names.ts';

/**
 * The option `cluster` with more than an address: the same on every machine of the cluster but for `advertise`.
 *
 * @example
 * ```ts
 * const system = await createSystem({ actors: './actors', cluster: { url: 'postgres://troupe@db.example/troupe', leaseMs: 5_000 } });
 * ```
 */
export interface ClusterOptions {
  /** Of the PostgreSQL database that all machines of the cluster use: `postgres://user:password@host/database`. */
  url: string;
  /** Name of the cluster, where several share a database: a-z, 0-9 and -, beginning with a letter, at most 40 characters. Default `troupe`. */
  name?: string;
  /** Where the others reach this machine, `host:port`. Default: found by itself. */
  advertise?: string;
  /** Milliseconds without a sign of life after which others take over; the same on all machines. From 300 to 600 000, default 15 000. */
  leaseMs?: number;
}

export interface ResolvedCluster {
  readonly url: string;
  readonly name: string;
  readonly advertise: string | undefined;
  readonly leaseMs: number;
}

const NAME_LENGTH_MAX = 40;
const HOST_AND_PORT = /^(\[[0-9a-f:.]+\]|[\w.-]+):([0-9]{1,5})$/i;

/** Undefined: this system is one machine. An option goes before the environment. */
export function resolveCluster(
  option: string | ClusterOptions | undefined,
  environment: string | undefined,
): ResolvedCluster | undefined {
  const given = option ?? (environment === '' ? undefined : environment);
  if (given === undefined) return undefined;
  const { url, name = 'troupe', advertise, leaseMs = LEASE_MS } = typeof given === 'string' ? { url: given } : given;
  return { url, name, advertise, leaseMs };
}

/** The faults of both, none with the password that may stand in an address. */
export function clusterFaults(option: unknown, environment: string | undefined): string[] {
  const faults = environment === undefined || environment === '' ? [] : validateUrl('TROUPE_CLUSTER', environment);
  if (option === undefined) return faults;
  if (typeof option === 'string') return [...faults, ...validateUrl('cluster', option)];
  if (typeof option !== 'object' || option === null || Array.isArray(option))
    return [
      ...faults,
      `cluster: expected the address of a database, or { url, name, advertise, leaseMs }; got ${inspect(option)}`,
    ];
  const { url, name, advertise, leaseMs, ...rest } = option as Partial<ClusterOptions>;
  const names = ['url', 'name', 'advertise', 'leaseMs'];
  for (const other of Object.keys(rest)) faults.push(unknownOption(`cluster.${other}`, other, names));
  faults.push(...validateUrl('cluster.url', url));
  if (name !== undefined && !(isKind(name) && name.length <= NAME_LENGTH_MAX))
    faults.push(
      `cluster.name: expected a-z, 0-9 and -, beginning with a letter, at most ${NAME_LENGTH_MAX} characters; got ${inspect(name)}`,
    );
  if (advertise !== undefined && !isHostAndPort(advertise))
    faults.push(`cluster.advertise: expected host:port; got ${inspect(advertise)}`);
  if (leaseMs !== undefined && !(Number.isInteger(leaseMs) && leaseMs >= LEASE_MS_MIN && leaseMs <= LEASE_MS_MAX))
    faults.push(
      `cluster.leaseMs: expected a whole number from ${LEASE_MS_MIN} to ${LEASE_MS_MAX}; got ${inspect(leaseMs)}`,
    );
  return faults;
}

/** The faults of the options by which a system is one of several machines, or their client. */
export function memberFaults(
  options: { role?: unknown; cluster?: unknown; workers?: unknown },
  environment: string | undefined,
): string[] {
  return [...clusterFaults(options.cluster, environment), ...roleFaults(options, environment)];
}

function roleFaults(
  { role, cluster, workers }: { role?: unknown; cluster?: unknown; workers?: unknown },
  environment: string | undefined,
): string[] {
  const isMember = cluster !== undefined || (environment ?? '') !== '';
  if (role === undefined) {
    return isMember && workers === 0
      ? [`workers: expected at least one on a machine of a cluster, or role: 'client'; got 0`]
      : [];
  }
  if (role !== 'client') return [`role: expected 'client'; got ${inspect(role)}`];
  if (!isMember) return [`role: expected with the option cluster, or TROUPE_CLUSTER; got 'client' without them`];
  return workers === 0 ? [] : [`workers: expected 0 for a client of a cluster; got ${inspect(workers)}`];
}

/** The schema of a cluster in its database. */
export function schemaOf({ name }: ResolvedCluster): string {
  return `troupe_${name.replaceAll('-', '_')}`;
}

/** An address without its password, as it may be shown. */
export function shownUrl(url: string): string {
  try {
    const shown = new URL(url);
    if (shown.password !== '') shown.password = '***';
    for (const key of [...shown.searchParams.keys()]) if (/pass/i.test(key)) shown.searchParams.set(key, '***');
    return shown.href;
  } catch {
    return 'a text that is no address';
  }
}

function validateUrl(name: string, url: unknown): string[] {
  const fault = `${name}: expected the address of a database, postgres://user:password@host/database`;
  if (typeof url !== 'string') return [`${fault}; got ${inspect(url)}`];
  if (/^postgres(ql)?:\/\//.test(url) && URL.canParse(url)) return [];
  return [`${fault}; got ${shownUrl(url)}`];
}

function isHostAndPort(value: unknown): boolean {
  const [, , port] = typeof value === 'string' ? (HOST_AND_PORT.exec(value) ?? []) : [];
  return port !== undefined && Number(port) > 0 && Number(port) < 65_536;
}
