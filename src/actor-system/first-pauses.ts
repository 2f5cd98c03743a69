/** The pauses that a system begins with: those that were kept, and that of the option `paused`. */
import type { PausesFile } from '../data-dir/pauses-file.ts';
import type { Log } from '../observe/log.ts';
import type { ResolvedOptions } from '../options.ts';
import { withPause } from '../placement/pause-list.ts';
import type { KeptPauses } from '../process/local-pauses.ts';

/** The reason that is shown. */
export const STARTED_PAUSED = 'it was started with paused: true';

/** Without a file they end with the system. `file`: where there is one by now. Rejects STORE_FAILED. */
export async function firstPauses(
  { paused }: ResolvedOptions,
  file: () => PausesFile | undefined,
  log: Log,
): Promise<KeptPauses> {
  const kept = (await file()?.read()) ?? [];
  const first = paused ? withPause(kept, '*', STARTED_PAUSED, Date.now()) : kept;
  if (first !== kept) await file()?.write(first);
  const patterns = first.map(({ pattern }) => pattern);
  if (first.length > 0) log.warn({ patterns }, 'actors are paused from the beginning, until system.resume()');
  return { first, keep: async (pauses) => file()?.write(pauses) };
}
