/** Whether a server can be written to, and is new enough: told as a store or a directory is opened, in one sentence. */
import { storeFailed } from '../store/commit-rules.ts';
import { numberOf, type Row } from './connection.ts';

/** The first with all that is asked of it, the end of sessions whose client is gone among it. */
export const POSTGRES_VERSION_MIN = 14;

export interface ServerStanding {
  /** As it calls itself: `15.18`. */
  readonly version: string;
  /** Ten thousand for each major version. */
  readonly versionNumber: number;
  /** It follows a primary. */
  readonly isStandby: boolean;
  readonly isReadOnly: boolean;
}

/** Undefined: it will do. */
export function serverFault({ version, versionNumber, isStandby, isReadOnly }: ServerStanding): string | undefined {
  if (versionNumber < POSTGRES_VERSION_MIN * 10_000)
    return `PostgreSQL ${POSTGRES_VERSION_MIN} or later is expected; the server has ${version}`;
  if (isStandby)
    return 'the PostgreSQL server is a standby, which takes no writes: give the address of the primary, or add target_session_attrs=read-write';
  return isReadOnly ? 'the PostgreSQL database takes no writes: default_transaction_read_only is on there' : undefined;
}

/** Rejects STORE_FAILED. */
export async function checkServer(ask: (text: string) => Promise<Row[]>): Promise<void> {
  const [row] = await ask(`select current_setting('server_version'), current_setting('server_version_num'),
    pg_is_in_recovery(), current_setting('transaction_read_only')`);
  const [version, number, isStandby, isReadOnly] = row ?? [];
  const standing = { version: String(version), versionNumber: numberOf(number), isStandby: isStandby === 't' };
  const fault = serverFault({ ...standing, isReadOnly: isReadOnly === 'on' });
  if (fault !== undefined) throw storeFailed(fault);
}
