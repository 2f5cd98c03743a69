/** The way from a command to a running system: the control socket in its dataDir, or an address with a token. */
import type { ConnectedClient } from '../client/connected-client.ts';
import { dataDirsToSearch } from '../data-dir/data-dir.ts';
import { connect } from '../client/index.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import { CommandError, NO_SYSTEM, wrongUse } from './exit-codes.ts';

/** Options of every command that needs a running system. */
export interface ReachOptions {
  readonly data?: string;
  readonly system?: string;
  readonly connect?: string;
  readonly token?: string;
}

/** The connection is closed once `act` has settled. */
export async function withSystem<T>(options: ReachOptions, act: (client: ConnectedClient) => Promise<T>): Promise<T> {
  const client = await reach(options);
  try {
    return await act(client);
  } finally {
    await client.close({ timeoutMs: 1_000 });
  }
}

/** The folders in which a system of this machine is looked for, as `connect()` does. */
export function dataDirsOf({ data }: ReachOptions): string[] {
  return dataDirsToSearch(data ?? (process.env.TROUPE_DATA || process.env.TROUPE_DATA_DIR || undefined));
}

async function reach({
  data,
  system,
  connect: url,
  token = process.env.TROUPE_TOKEN,
}: ReachOptions): Promise<ConnectedClient> {
  if (url !== undefined && (data !== undefined || system !== undefined))
    throw wrongUse('--connect says where the system is: leave out --data and --system');
  const dataDir = data ?? (process.env.TROUPE_DATA || undefined);
  const search = { ...(dataDir && { dataDir }), ...(system && { system }) };
  try {
    const connected = url === undefined ? await connect(search) : await connect(url, token ? { token } : {});
    return connected as ConnectedClient;
  } catch (error) {
    if (!(error instanceof TroupeError) || error.code !== 'ACTOR_UNAVAILABLE') throw error;
    const [what = ''] = error.message.split('; start one there');
    const advice = url === undefined ? '; start one (troupe start), or say where it is: --data DIR, TROUPE_DATA' : '';
    throw new CommandError(NO_SYSTEM, 'NO_SYSTEM', `${what}${advice}`);
  }
}
