/** The line of the log at the start, in which a mistake in the place of the data shows on the first day. */
import type { Storage } from '../data-dir/storage.ts';
import type { PostgresPlace } from '../store-postgres/postgres-store.ts';
import type { ResolvedOptions } from '../options.ts';
import { didYouMean, listed } from '../vocabulary/names.ts';

export function startLine(
  { name, groups }: ResolvedOptions,
  storage: Storage | undefined,
): [fields: object, text: string] {
  const roles = groups.map(({ role, count }) => (groups.length > 1 ? `${count} ${role}` : String(count)));
  const workers = groups.reduce((sum, { count }) => sum + count, 0);
  const data = storage && { dataDir: storage.dataDir, found: storage.wasFound };
  const where = storage?.postgres
    ? `data in PostgreSQL, ${placeOf(storage.postgres)}`
    : data
      ? `data in ${data.dataDir} (${data.found ? 'found' : 'new'})`
      : 'no durable kinds';
  return [{ workers, ...data }, `'${name}' has started; workers: ${roles.join(' + ') || 0}; ${where}`];
}

/** Kinds that no worker may host: their mail waits, and asks of them time out. Undefined where there are none. */
export function unhostedKinds(
  { groups }: ResolvedOptions,
  behaviours: ReadonlyMap<string, { readonly role: string }>,
): string | undefined {
  const roles = groups.map(({ role }) => role);
  const unhosted = [...behaviours].filter(([, { role }]) => role !== '' && !roles.includes(role));
  if (unhosted.length === 0) return undefined;
  const names = unhosted.map(([kind, { role }]) => `${kind} (role '${role}'${didYouMean(role, roles)})`);
  return `no worker has the role of these kinds, whose mail waits until addWorker() brings one: ${listed(names)}; the roles are ${listed(roles)}`;
}

/** Without its password. */
function placeOf({ url, schema = 'troupe' }: PostgresPlace): string {
  const host = URL.canParse(url) ? new URL(url) : undefined;
  return `${host ? `${host.host}${host.pathname}` : 'by the environment'}, schema ${schema}`;
}
