/** A look at the settings of the database, as a session has them: through a pooler they are those that the server has for all. */
import type { DatabaseCheckup } from '../observe/cluster-checkup.ts';
import type { Row } from '../store-postgres/connection.ts';
import type { Clock } from '../vocabulary/clock.ts';

/** Statements by which the way there and back is measured. */
const ROUND_TRIPS = 5;
/** Settings of times without a unit are milliseconds. */
const SETTINGS = `select name, setting from pg_settings
  where name in ('server_version', 'synchronous_commit', 'fsync', 'statement_timeout', 'idle_session_timeout')`;

export async function lookAtDatabase(
  ask: (text: string) => Promise<Row[]>,
  sessions: { readonly hasPooler: boolean },
  clock: Clock,
): Promise<DatabaseCheckup> {
  const settings = new Map((await ask(SETTINGS)).map(([name, setting]) => [name, setting ?? '']));
  let roundTripMs = 0;
  for (let trip = 0; trip < ROUND_TRIPS; trip++) {
    const before = clock.now();
    await ask('select 1');
    roundTripMs = Math.max(roundTripMs, clock.now() - before);
  }
  const of = (name: string): string => settings.get(name) ?? '';
  return {
    ...{ version: of('server_version'), hasPooler: sessions.hasPooler },
    ...{ synchronousCommit: of('synchronous_commit'), fsync: of('fsync') },
    statementTimeoutMs: Number(of('statement_timeout')),
    idleSessionTimeoutMs: Number(of('idle_session_timeout')),
    roundTripMs,
  };
}
